// A plain Node server as it runs under PM2; nothing here knows of Fleet.
const http = require('http');

const server = http.createServer((req, res) => {
  res.setHeader('Content-Type', 'text/plain');
  res.end(`hello from worker ${process.env.NODE_APP_INSTANCE}, ` +
          `pid ${process.pid}\n`);
});

server.listen(process.env.PORT || 3000, () => {
  console.log(`listening, pid ${process.pid}`);
  if (process.send) process.send('ready');
});

process.on('SIGINT', () => {
  console.log(`finishing, pid ${process.pid}`);
  server.close(() => process.exit(0));
});
