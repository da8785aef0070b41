/** What some texts must be like: each check returns the reason against one, or nothing. */

import { isIPv4, isIPv6 } from 'node:net';

const TITLE_VARIABLES = [
  'title',
  'listen-addr',
  'server-mode',
  'port',
  'tls-port',
  'unixsocket',
  'config-file',
];

export const BAD_TITLE_TEMPLATE = 'template format is invalid or contains unknown variables';

/** The template with its words, `{title}` and such, filled in; nothing blank is left at its end. */
export function fillTitle(template: string, wordFor: (name: string) => string): string {
  const filled = template.replace(/\{([^{}]*)\}/g, (whole, name) =>
    TITLE_VARIABLES.includes(name) ? wordFor(name) : whole,
  );
  return filled.replace(/ +$/, '');
}

/** The program's name alone is no template: there must be more to say than that. */
export function titleTemplate(template: string): string | undefined {
  const rest = fillTitle(template, (name) => (name === 'title' ? '' : 'x'));
  return rest !== '' && !rest.includes('{') ? undefined : BAD_TITLE_TEMPLATE;
}

/** A file name without folders, for the parameter of this name. */
export function fileName(parameter: string, kind = 'filename') {
  return (name: string): string | undefined => {
    if (name === '') return `${parameter} can't be empty`;
    if (/[/\\]/.test(name)) return `${parameter} can't be a path, just a ${kind}`;
    return undefined;
  };
}

export function ipv4(address: string): string | undefined {
  return address === '' || isIPv4(address) ? undefined : 'Invalid IPv4 address';
}

export function ipv6(address: string): string | undefined {
  return address === '' || isIPv6(address) ? undefined : 'Invalid IPv6 address';
}

export function hostName(name: string): string | undefined {
  if (name.length >= 256) return 'Hostnames must be less than 256 characters';
  if (/^[a-zA-Z0-9.-]*$/.test(name)) return undefined;
  return 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

/** Characters that would break the cluster's line of facts about a node. */
const NOT_IN_NODE_LINE = /[^-./0-9:A-Z_`a-z\x80-\xff]/;

export function nodeName(name: string): string | undefined {
  return NOT_IN_NODE_LINE.test(name)
    ? 'Announced human node name contained invalid character'
    : undefined;
}

export function announcedAddress(address: string): string | undefined {
  return NOT_IN_NODE_LINE.test(address)
    ? 'cluster-announce-ip contains invalid character'
    : undefined;
}

/** Locales of the C library cannot be asked for: those that ICU knows stand in for them. */
export function localeName(name: string): string | undefined {
  const language = /^([a-z]{2,3}_[A-Z]{2})(?:\.[A-Za-z0-9-]+)?(?:@[a-z]+)?$/.exec(name)?.[1];
  if (['', 'C', 'POSIX', 'C.UTF-8', 'C.utf8'].includes(name)) return undefined;
  if (language && Intl.Collator.supportedLocalesOf(language.replace('_', '-')).length) {
    return undefined;
  }
  return 'Invalid locale name';
}
