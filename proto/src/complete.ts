import type { Messages } from './generated/runtime-v1.js';
import { messageCodec } from './service-definition.js';

/** The message as its receiver would see it: absent scalars, lists and maps get their defaults, absent messages are null. */
export function complete<Name extends keyof Messages>(
  name: Name,
  message: Messages[Name]['sent'],
): Messages[Name]['received'] {
  const { encode, decode } = messageCodec(name);
  return decode(encode(message)) as Messages[Name]['received'];
}
