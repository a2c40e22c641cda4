// The server that is measured: what a careful PM2 user writes.
const http = require('http');
let stopping = false;
const server = http.createServer((req, res) => {
  if (stopping) res.setHeader('Connection', 'close');
  res.end('hello');
});
server.listen(3900, () => process.send('ready'));
process.on('SIGINT', () => {
  stopping = true;
  server.close(() => process.exit(0));
});
