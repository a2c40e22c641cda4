// Loaded into Node cluster workers before the app (--require). It sleeps until
// the agent says NODE_FLEET_DRAIN; from then on every HTTP/1 answer carries
// `Connection: close`, idle connections are closed only after a grace, and the
// app is told to stop: by its signal if it handles that, else by closing its
// servers as node:cluster does.
//
// Before that message it changes nothing of the app but process.execArgv, so
// that what the app forks does not load it. Every five seconds it tells how much
// of its time the event loop had nothing to do (NODE_FLEET_LOOP).
'use strict';
if (process.send) {
  const at = process.execArgv.indexOf(__filename);
  if (at > 0) process.execArgv.splice(at - 1, 2);

  const loaded = (name) => {
    const list = process.moduleLoadList;
    return !list || list.includes('NativeModule ' + name);
  };

  // An answer that does not keep the connection alive ends it without the
  // client having sent the next request on it.
  const closeAfterAnswers = (http) => {
    const proto = http.OutgoingMessage.prototype;
    const storeHeader = proto._storeHeader;
    proto._storeHeader = function (...args) {
      if (this instanceof http.ServerResponse) this.shouldKeepAlive = false;
      return storeHeader.apply(this, args);
    };
  };

  // server.close() (Node 19 and later) drops connections that look idle while
  // their next request is under way. Later, and only after what has arrived
  // by then was read, that is rare.
  const delayIdleClose = (proto, grace) => {
    const closeIdle = proto.closeIdleConnections;
    if (!closeIdle) return;
    proto.closeIdleConnections = function () {
      setTimeout(() => {
        setImmediate(() => setImmediate(() => closeIdle.call(this)));
      }, grace).unref();  // The connections themselves keep the process.
    };
  };

  const listeningServers = () => {
    const net = require('net');
    const all = process._getActiveHandles ? process._getActiveHandles() : [];
    return all.filter((h) => h instanceof net.Server && h.listening);
  };

  const disconnect = () => {
    if (!process.connected) return;
    process.emit('internalMessage',
        {cmd: 'NODE_CLUSTER', act: 'disconnect'}, undefined);
  };

  // The app handles the signal. When all its servers are closed the channel
  // would still keep the process alive.
  const signalApp = (signal) => {
    const servers = listeningServers();
    let open = servers.length;
    for (const server of servers) {
      server.once('close', () => {
        if (--open === 0) setImmediate(disconnect);
      });
    }
    process.kill(process.pid, signal);
  };

  // It handles none: its default would be to end at once. So it ends when its
  // connections have, also if timers or database connections are left.
  const closeApp = () => {
    process.once('disconnect', () => {
      setTimeout(() => process.exit(0), 250).unref();
    });
    disconnect();
  };

  const tellLoop = () => {
    const {performance} = require('perf_hooks');
    if (!performance.eventLoopUtilization) return;
    let last = performance.eventLoopUtilization();
    setInterval(() => {
      if (!process.connected) return;
      const now = performance.eventLoopUtilization();
      const used = performance.eventLoopUtilization(now, last).utilization;
      last = now;
      process.send({cmd: 'NODE_FLEET_LOOP', free: 1 - used}, () => {});
    }, 5000).unref();
  };
  setImmediate(tellLoop);  // Not on the way to the app's first line.

  let draining = false;
  process.on('internalMessage', (message) => {
    if (!message || message.cmd !== 'NODE_FLEET_DRAIN' || draining) return;
    draining = true;
    process.send({cmd: 'NODE_FLEET_DRAINING'}, () => {});
    if (loaded('http')) {
      const http = require('http');
      closeAfterAnswers(http);
      delayIdleClose(http.Server.prototype, message.grace);
    }
    if (loaded('https')) {
      delayIdleClose(require('https').Server.prototype, message.grace);
    }
    if (!message.signal) return;
    if (process.listenerCount(message.signal) > 0) {
      signalApp(message.signal);
    } else {
      closeApp();
    }
  });
}
