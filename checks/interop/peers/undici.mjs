// Prints the events of a stream as lines of JSON, also those that come after a reconnection, up to
// one of type `resumed`.
import { readFileSync } from 'node:fs';
import { EventSource } from 'undici';

const { version } = JSON.parse(readFileSync('node_modules/undici/package.json'));
console.log(`undici ${version}, Node ${process.versions.node}`);

const [, , url, ...types] = process.argv;
const source = new EventSource(url);
// Its own timer for the reconnection does not keep Node from ending.
const alive = setTimeout(() => {}, 20_000);
for (const type of types) {
  source.addEventListener(type, ({ data, lastEventId }) => {
    console.log(JSON.stringify({ type, data, id: lastEventId }));
    if (type === 'resumed') {
      source.close();
      clearTimeout(alive);
    }
  });
}
