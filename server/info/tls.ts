/** INFO tls: the certificates in use. */
import type { InfoSection } from './section.js';

export const TLS: InfoSection = {
  name: 'tls',
  title: 'TLS',
  shown: 'all',
  *fields() {
    for (const certificate of ['server_cert', 'client_cert', 'ca_cert']) {
      yield [`tls_${certificate}_serial`, 'none'];
      yield [`tls_${certificate}_expires_in_seconds`, 0];
    }
  },
};
