// The server that is measured, with the shortest of graceful stops.
const http = require('http');
const server = http.createServer((req, res) => res.end('hello'));
server.listen(3900, () => process.send('ready'));
process.on('SIGINT', () => server.close(() => process.exit(0)));
