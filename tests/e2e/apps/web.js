// A PM2 user's app: cluster mode, wait_ready, graceful stop.
const http = require('http');
const version = process.env.VERSION || '1';
let stopping = false;
const server = http.createServer((req, res) => {
  if (req.url === '/health') {
    res.statusCode = process.env.SICK ? 503 : 200;
    return res.end(res.statusCode === 200 ? 'fine' : 'sick');
  }
  if (stopping) res.setHeader('Connection', 'close');
  res.end(req.url === '/pid' ? String(process.pid) : 'v' + version);
});
server.listen(+process.env.PORT || 3000, () => {
  console.log('listening, version ' + version);
  if (process.send) process.send('ready');
});
process.on('SIGINT', () => {
  stopping = true;
  server.close(() => process.exit(0));
});
