/** The picture at the head of a log. Programs that start servers read port and pid from it. */
import { COMMIT, VERSION } from './version.js';

export interface BannerFacts {
  readonly port: number;
  readonly pid: number;
  /** `standalone` or `cluster`. */
  readonly mode: string;
}

const PICTURE = [
  '      ______________        ',
  '     /\\             \\       ',
  '    /  \\   key       \\      ',
  '   /    \\_____________\\     ',
  '   \\    /   |   |     /     ',
  '    \\  /   value     /      ',
  '     \\/_____________/       ',
];

/** Lines of picture and facts, side by side, with an empty line before and after. */
export function banner({ port, pid, mode }: BannerFacts): string {
  const facts = [
    `Valkey ${VERSION} (${COMMIT}/0) 64 bit`,
    '',
    `Running in ${mode} mode`,
    `Port: ${port}`,
    `PID: ${pid}`,
    '',
    'in TypeScript: valkey-ts',
  ];
  const lines = PICTURE.map((line, i) => `${line}  ${facts[i] ?? ''}`.trimEnd());
  return `\n${lines.join('\n')}\n`;
}
