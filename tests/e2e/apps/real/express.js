// Express as its documentation shows it; handles no signal.
const express = require('express');
const app = express();
app.get('/', (_, answer) => answer.send('express'));
app.listen(3000);
