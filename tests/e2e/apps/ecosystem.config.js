module.exports = {
  apps: [{
    name: 'web',
    script: './web.js',
    exec_mode: 'cluster',
    instances: 2,
    wait_ready: true,
    listen_timeout: 10000,
    kill_timeout: 5000,
  }],
};
