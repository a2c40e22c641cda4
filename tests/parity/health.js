// grpc.health.v1 over plain HTTP/2, on the app's first socket. SERVICE serves
// while there is a file `fine` in its folder; it knows no other.
const fs = require('fs');
const server = require('http2').createServer();

// The first field of a HealthCheckRequest, after the 5 bytes of gRPC.
function serviceOf(body) {
  return body.length > 7 ? body.subarray(7).toString() : '';
}

server.on('stream', stream => {
  const parts = [];
  stream.on('data', part => parts.push(part));
  stream.on('end', () => {
    const known = serviceOf(Buffer.concat(parts)) === process.env.SERVICE;
    stream.respond({':status': 200, 'content-type': 'application/grpc'},
                   {waitForTrailers: true});
    stream.on('wantTrailers', () =>
      stream.sendTrailers({'grpc-status': known ? '0' : '5'}));
    // SERVING or NOT_SERVING.
    const status = fs.existsSync('fine') ? 1 : 2;
    stream.end(known ? Buffer.from([0, 0, 0, 0, 2, 8, status])
                     : Buffer.alloc(0));
  });
});
server.listen({fd: 3}, () => fs.appendFileSync(
  process.env.EVENTS, `${Date.now()} ${process.pid} 0 start\n`));
