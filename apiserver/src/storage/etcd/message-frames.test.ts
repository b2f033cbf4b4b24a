import { MessageFrames } from './message-frames.js';

const framed = (text: string): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
};

it('gives every message once, however the bytes come', () => {
  const texts = ['one', '', 'x'.repeat(1000), 'two'];
  const bytes = Buffer.concat(texts.map(framed));
  for (const step of [1, 2, 3, 7, 100, 2000]) {
    const got: string[] = [];
    const frames = new MessageFrames((message) => got.push(message.toString()));
    for (let at = 0; at < bytes.length; at += step) frames.push(bytes.subarray(at, at + step));
    expect(got).toEqual(texts);
    expect(frames.pending).toBe(0);
  }
});

it('refuses compressed messages', () => {
  const frames = new MessageFrames(() => undefined);
  expect(() => frames.push(Buffer.from([1, 0, 0, 0, 0]))).toThrow('compressed');
});
