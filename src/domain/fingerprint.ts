/**
 * FNV-1a, 32 bits, as eight hexadecimal digits: tells texts apart that differ by accident. It is no protection from
 * anybody, and needs no cryptography, which costs more to load than a refusal to write.
 */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
