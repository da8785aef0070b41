/** The title under which the process shows in `ps` and `top`: `proc-title-template`, filled in. */

import type { Config } from './config.js';
import { BAD_TITLE_TEMPLATE, fillTitle } from './config-table/texts.js';

/** What a template's words stand for. */
export interface TitleParts {
  /** The name of the program. */
  readonly title: string;
  readonly config: Config;
}

/**
 * Keeps the process's title as the template says.
 *
 * It follows changes of the template alone, as on the real server: a new port shows with the next template.
 * The system cuts what is longer than the command line that the process was started with.
 *
 * @param setTitle - Takes the title, as UTF-8 text.
 */
export function followTitleTemplate(parts: TitleParts, setTitle: (title: string) => void): void {
  const { config } = parts;
  if (!config.values.setProcTitle) return;
  const update = () => setTitle(Buffer.from(processTitle(parts), 'latin1').toString());
  config.onChange('proc-title-template', () => {
    // A template must say something whatever the program's name.
    if (processTitle({ config, title: '' }) === '') return BAD_TITLE_TEMPLATE;
    update();
    return undefined;
  });
  update();
}

/** The title, a byte string without blanks at its end. */
export function processTitle({ title, config }: TitleParts): string {
  const { values } = config;
  const words: Readonly<Record<string, string>> = {
    title,
    'listen-addr': listenAddress(config),
    'server-mode': values.clusterEnabled ? '[cluster]' : '',
    port: String(values.port),
    'tls-port': String(values.tlsPort),
    unixsocket: values.unixsocket ?? '',
    'config-file': config.file ?? '',
  };
  return fillTitle(values.procTitleTemplate, (name) => words[name] ?? '');
}

function listenAddress({ values }: Config): string {
  const port = values.port || values.tlsPort;
  if (port === 0 && values.unixsocket) return `unixsocket:${values.unixsocket}`;
  return `${values.bind[0] ?? '*'}:${port}`;
}
