// The app that runs under PM2 and under Fleet. It writes what happens to it to
// the file EVENTS, a line each: time in ms, pid, number of the instance, what.
// What it does is said by variables, times in ms:
//   EXIT_CODE, EXIT_AFTER   ends by itself
//   LISTEN                  port of an HTTP server that answers with its number
//   READY_AFTER             sends 'ready' that long after it listens or starts
//   READY_ONCE              only its first worker does
//   DEAF                    goes on after SIGINT, SIGTERM and 'shutdown'
//   GROW                    megabytes that its first worker takes, once it
//                           listens or has started
//   SHOW                    variables that it tells of, by name
//   SHOW_NODE               tells of the arguments of node
//   SAY                     written to standard output and standard error
//   CHILD                   starts a process that tells of its signals as well
//   AWAITS_CHILD            ends once that has ended
const fs = require('fs');
const env = process.env;
const number = env.NODE_APP_INSTANCE;
// What only this file's variables name is collected once it has been run.
global.keep = [];
let child;

function tell(what) {
  const line = `${Date.now()} ${process.pid} ${number} ${what}\n`;
  fs.appendFileSync(env.EVENTS, line);
}

function later(ms, run) {
  if (ms !== undefined) setTimeout(run, +ms);
}

function grow() {
  if (env.GROW && first) global.keep.push(Buffer.alloc(+env.GROW << 20, 1));
}

function ready() {
  grow();
  if (env.READY_ONCE && !first) return;
  later(env.READY_AFTER, () => {
    tell('ready');
    process.send('ready');
  });
}

function stop(why) {
  tell(why);
  if (env.DEAF) return;
  if (!env.AWAITS_CHILD) process.exit(0);
  const ended = child.exitCode !== null || child.signalCode !== null;
  if (ended) process.exit(0);
  child.on('exit', () => process.exit(0));
}

const first = !fs.existsSync(env.EVENTS) ||
  !fs.readFileSync(env.EVENTS, 'utf8').includes(` ${number} start`);
// It can be stopped as soon as it has told that it has started.
process.on('SIGINT', () => stop('SIGINT'));
process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGUSR2', () => tell('SIGUSR2'));
process.on('message', m => stop(`message ${m}`));
process.on('exit', code => tell(`exit ${code}`));
tell(['start', ...process.argv.slice(2)].join(' '));
for (const name of (env.SHOW || '').split(',').filter(Boolean)) {
  tell(`${name}=${env[name]}`);
}
if (env.SHOW_NODE) tell(`execArgv=${process.execArgv}`);
if (env.SAY) {
  console.log(env.SAY);
  console.error(env.SAY);
}
if (env.CHILD) {
  child = require('child_process').spawn('bash', ['-c',
    `trap 'echo 0 $$ ${number} child SIGINT >>"$EVENTS"; exit' INT
     echo 0 $$ ${number} child start >>"$EVENTS"
     while :; do sleep 0.05; done`], {stdio: 'ignore'});
}
if (env.LISTEN !== undefined) {
  const http = require('http');
  const server = http.createServer((_, answer) => answer.end(number));
  server.listen(+env.LISTEN, () => {
    tell('listening');
    ready();
  });
} else {
  ready();
}
later(env.EXIT_AFTER, () => process.exit(+env.EXIT_CODE));
setInterval(() => {}, 1000);
