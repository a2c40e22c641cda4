// Handles no signal and sends no 'ready'.
const http = require('http');
http.createServer((req, res) => res.end('naive')).listen(3000);
