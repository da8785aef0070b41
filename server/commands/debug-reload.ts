/** DEBUG RELOAD: the data is saved, thrown away and loaded. */
import { BARE_ERROR, RELOAD_FAILED, RELOAD_OPTIONS } from '../../protocol/refusals.js';
import { LoadFailure } from '../loading.js';
import type { ServerCall } from '../server-call.js';

export function reload(call: ServerCall): void {
  const { server, reply } = call;
  const options = new Set<string>();
  for (let i = 2; i < call.argc; i++) options.add(readOption(call, i));
  if (!options.has('nosave') && !server.saves.save()) throw BARE_ERROR;
  try {
    server.loading.loadNow({
      empties: !options.has('noflush'),
      replaces: options.has('merge'),
      dropsExpired: !server.config.values.importMode,
    });
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    if (!error.isHarmless) server.shutdown.end(1);
    throw RELOAD_FAILED;
  }
  server.log.notice('DB reloaded by DEBUG RELOAD');
  reply.ok();
}

function readOption(call: ServerCall, i: number): string {
  for (const option of ['merge', 'noflush', 'nosave']) if (call.is(i, option)) return option;
  throw RELOAD_OPTIONS;
}
