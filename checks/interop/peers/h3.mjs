// Pushes what the file of cases says.
import { readFileSync } from 'node:fs';
import { H3, createEventStream, serve } from 'h3';

const { version } = JSON.parse(readFileSync('node_modules/h3/package.json'));
const cases = JSON.parse(readFileSync(process.argv[2]));

const app = new H3().get('/', (event) => {
  const stream = createEventStream(event);
  (async () => {
    for (const { comment, type, data, id, retry } of cases) {
      if (comment !== undefined) await stream.pushComment(comment);
      else await stream.push({ event: type, data, id, retry });
    }
  })();
  return stream.send();
});
const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false });
await server.ready();
console.log(`h3 ${version}, Node ${process.versions.node}`);
console.log(new URL(server.url).port);
