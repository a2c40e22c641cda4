// Answers each line of input with the list that `pm2 jlist` prints, without
// starting a program for it each time.
const pm2 = require('pm2');
const lines = require('readline').createInterface({input: process.stdin});
pm2.connect(() => lines.on('line', () => pm2.list((error, list) => {
  console.log(JSON.stringify(error ? {error: String(error)} : list));
})));
lines.on('close', () => process.exit(0));
