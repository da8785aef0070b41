/** LZF, which lists use too: RDB files and DUMP payloads hold strings in it. */
export { LzfCompressor, lzfDecompress } from '../datatypes/store/lzf.js';
