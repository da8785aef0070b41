/** Values of modules in RDB files: no module of that kind can be loaded here, but files may name one. */

/** Type bytes: of a version before such values could be skipped, and of now. */
export const RDB_MODULE_1 = 6;
export const RDB_MODULE_2 = 7;

const NAME_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_LENGTH = 9;
const VERSION_BITS = 10n;
const LETTER_BITS = 6n;

/** The name of the module type with this number: nine letters of six bits above ten bits of version. */
export function moduleTypeName(id: bigint): string {
  let name = '';
  let rest = id >> VERSION_BITS;
  for (let i = 0; i < NAME_LENGTH; i++) {
    name = NAME_LETTERS.charAt(Number(rest & 63n)) + name;
    rest >>= LETTER_BITS;
  }
  return name;
}
