// Prints the events of a stream as lines of JSON, up to one of type `end`.
import { readFileSync } from 'node:fs';
import { createParser } from 'eventsource-parser';

const { version } = JSON.parse(readFileSync('node_modules/eventsource-parser/package.json'));
console.log(`eventsource-parser ${version}, Node ${process.versions.node}`);

let id = '';
let ended = false;
const parser = createParser({
  // The caller keeps the last event ID.
  onId: (value) => { id = value; },
  onEvent: ({ event, data }) => {
    console.log(JSON.stringify({ type: event ?? 'message', data, id }));
    ended ||= event === 'end';
  },
});
const response = await fetch(process.argv[2], { headers: { accept: 'text/event-stream' } });
for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  parser.feed(text);
  if (ended) break;
}
