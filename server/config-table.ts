/** Every configuration parameter, by theme; and the types of their values, which follow from the rows. */

import { cluster } from './config-table/cluster.js';
import { data } from './config-table/data.js';
import { general } from './config-table/general.js';
import { network } from './config-table/network.js';
import type { Parameter, Parameters } from './config-table/parameter.js';
import { persistence } from './config-table/persistence.js';
import { replication } from './config-table/replication.js';

const TABLE = { ...general, ...network, ...data, ...persistence, ...replication, ...cluster };

type Table = typeof TABLE;

/** The name of a parameter, not an alias. */
export type ParameterName = keyof Table;

/** `maxmemory-policy` as the engine says it: `maxmemoryPolicy`. */
export type FieldName<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<FieldName<Tail>>}`
  : Name;

type ValueOf<P> = P extends Parameter<infer T> ? T : never;

/** The current value of every parameter: plain fields, for reading on hot paths. */
export type ConfigValues = {
  readonly [Name in ParameterName as FieldName<Name>]: ValueOf<Table[Name]>;
};

/** The rows by name, in a fixed order. */
export const PARAMETERS: ReadonlyMap<ParameterName, Parameter<unknown>> = new Map(
  Object.entries(TABLE satisfies Parameters) as [ParameterName, Parameter<unknown>][],
);

const BY_ANY_NAME: ReadonlyMap<string, ParameterName> = new Map(
  [...PARAMETERS].flatMap(([name, { alias }]) =>
    alias === undefined
      ? [[name, name] as const]
      : ([
          [name, name],
          [alias, name],
        ] as const),
  ),
);

/** The parameter that a client means by this name or alias, in any case. */
export function parameterNamed(name: string): ParameterName | undefined {
  return BY_ANY_NAME.get(name.toLowerCase());
}

/** All names and aliases, in byte order: the order of CONFIG GET. */
export const ALL_NAMES: readonly string[] = [...BY_ANY_NAME.keys()].sort();

export function fieldName(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
