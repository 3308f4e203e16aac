// SPDX-License-Identifier: GPL-3.0-or-later
// oidc-provider over TLS. usage: server.mjs MODULES CERTIFICATE KEY
// Prints its URL; ends with its standard input.
import fs from 'node:fs';
import https from 'node:https';
import { pathToFileURL } from 'node:url';

const [modules, cert, key] = process.argv.slice(2);
const { default: Provider } = await import(
  pathToFileURL(`${modules}/oidc-provider/lib/index.js`));
const server = https.createServer({
  cert: fs.readFileSync(cert), key: fs.readFileSync(key) });

server.listen(0, '127.0.0.1', () => {
  const url = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, {
    clients: [{
      client_id: 'client',
      client_secret: 's3cret-of-the-client',
      token_endpoint_auth_method: 'client_secret_post',
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code'],
      redirect_uris: ['http://127.0.0.1/'],
      response_types: ['code'],
    }],
    features: {
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true },
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: { AccessToken: 600 },
  });
  server.on('request', provider.callback());
  console.log(url);
});
process.stdin.on('end', () => process.exit(0)).resume();
