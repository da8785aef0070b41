import t from 'tap';
import { Config } from '../../server/config.js';
import {
  fitClients,
  limitClients,
  openFileLimit,
  warnOfIdleSettings,
} from '../../server/startup-checks.js';

function startLog() {
  const warnings: string[] = [];
  return { warnings, warning: (message: string) => void warnings.push(message) };
}

t.test('maxclients is lowered to what the limit of open files allows', async (t) => {
  const [config, log] = [new Config(), startLog()];
  t.equal(fitClients(config, 1000, log), undefined);
  t.equal(config.values.maxclients, 968);
  t.same(log.warnings, [
    'You requested maxclients of 10000 requiring at least 10032 max file descriptors.',
    'Current maximum open files is 1000. maxclients has been reduced to 968 to compensate for low ' +
      "ulimit. If you need higher maxclients increase 'ulimit -n'.",
  ]);
});

t.test('CONFIG SET maxclients is refused above the limit of open files', async (t) => {
  const config = new Config();
  limitClients(config, () => 20_000);
  t.equal(
    config.set([['maxclients', '19969']])?.message,
    "ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is " +
      'not able to handle the specified number of clients, try with 19968',
  );
  t.equal(config.set([['maxclients', '19968']]), undefined);
  t.equal(config.set([['maxclients', '4294967295']]), undefined);
});

t.test('a limit too low for any client stops the start', async (t) => {
  t.equal(
    fitClients(new Config(), 20, startLog()),
    "Your current 'ulimit -n' of 20 is not enough for the server to start. " +
      'Please increase your open file limit to at least 10032. Exiting.',
  );
});

t.test('the limit of open files is a number', async (t) => {
  t.ok(openFileLimit() > 32);
});

t.test('parameters that are set in vain are warned of', async (t) => {
  const [config, log] = [new Config(), startLog()];
  config.load('syslog-enabled', ['yes']);
  config.load('timeout', ['5']);
  config.load('save', ['']);
  warnOfIdleSettings(config, log);
  t.same(log.warnings, [
    "The parameter 'syslog-enabled' is set, but nothing in this server depends on it yet.",
  ]);
});
