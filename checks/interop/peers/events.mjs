// Prints what a client from npm makes of a stream, a line of JSON for each event, up to one of type
// `end`. Its first line says what runs. Arguments: the client, the address of the stream.
import { readFileSync } from 'node:fs';

const [, , name, url] = process.argv;

/** Prints an event. Whether it was the last. */
function seen(type, data, id) {
  console.log(JSON.stringify({ type: type || 'message', data: data ?? '', id: id ?? '' }));
  return type === 'end';
}

/** An `EventSource` shows no type that it was not asked for. */
function listen(source) {
  for (const type of ['message', 'ping', 'end']) {
    source.addEventListener(type, ({ data, lastEventId }) => {
      if (seen(type, data, lastEventId)) {
        source.close();
        process.exit();
      }
    });
  }
}

/** One event after the other, of a response's body. */
async function show(events) {
  for await (const { event, data, id } of events) {
    if (seen(event, data, id)) process.exit();
  }
}

const imported = async (module) => (await import(module)).default;

const clients = {
  '@microsoft/fetch-event-source': async () => {
    // It is written for browsers.
    globalThis.window = globalThis;
    globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
    const { fetchEventSource } = await import('@microsoft/fetch-event-source');
    await fetchEventSource(url, {
      onmessage({ event, data, id }) {
        if (seen(event, data, id)) process.exit();
      },
    });
  },
  eventsource1: async () => listen(new (await imported('eventsource1'))(url)),
  eventsource2: async () => listen(new (await imported('eventsource2'))(url)),
  eventsource4: async () => listen(new (await import('eventsource4')).EventSource(url)),
  'eventsource-client': async () => {
    const { createEventSource } = await import('eventsource-client');
    await show(createEventSource({ url }));
  },
  'eventsource-parser': async () => {
    const { EventSourceParserStream } = await import('eventsource-parser/stream');
    const { body } = await fetch(url);
    const text = body.pipeThrough(new TextDecoderStream());
    await show(text.pipeThrough(new EventSourceParserStream()));
  },
  'launchdarkly-eventsource': async () => {
    listen(new (await import('launchdarkly-eventsource')).EventSource(url));
  },
  'fetch-event-stream': async () => {
    const { events } = await import('fetch-event-stream');
    await show(events(await fetch(url)));
  },
  undici: async () => {
    // Its own timers do not keep Node from ending.
    setTimeout(() => {}, 20_000);
    listen(new (await import('undici')).EventSource(url));
  },
};

const manifest = JSON.parse(readFileSync(`node_modules/${name}/package.json`));
console.log(`${manifest.name} ${manifest.version}, Node ${process.versions.node}`);
await clients[name]();
