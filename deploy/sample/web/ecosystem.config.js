module.exports = {
  apps: [{
    name: 'web',
    script: './app.js',
    exec_mode: 'cluster',
    instances: 4,
    wait_ready: true,
    listen_timeout: 10000,
    kill_timeout: 5000,
    env: { NODE_ENV: 'production' },
  }],
};
