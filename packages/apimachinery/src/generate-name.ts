/** Random names: the suffixes of pods, replica sets and events. */

import { randomBytes } from 'node:crypto';

/** No vowels and no look-alikes, so that no words come out; upstream's util/rand. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const maxNameLength = 63;
const randomLength = 5;
const maxBaseLength = maxNameLength - randomLength;
// The largest multiple of 27 in a byte: bytes above it would favour the first letters.
const fairLimit = 256 - (256 % alphabet.length);

/** `length` random letters of {@link alphabet}, each equally likely. */
export function randomSuffix(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length)) {
      if (byte < fairLimit) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}

/** What the server makes of metadata.generateName: the base, cut to 58 characters, and five random letters. */
export function generateName(base: string): string {
  return base.slice(0, maxBaseLength) + randomSuffix(randomLength);
}

/**
 * Encodes letters that may form words into {@link alphabet} (upstream's SafeEncodeString), as for pod-template-hash:
 * `safeEncode(String(hash))`.
 */
export function safeEncode(text: string): string {
  let encoded = '';
  for (let index = 0; index < text.length; index++) encoded += alphabet[text.charCodeAt(index) % alphabet.length];
  return encoded;
}
