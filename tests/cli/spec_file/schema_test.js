// docs/reference/fleet.schema.json judges the samples as the reader does, which
// json_schema_test.cc shows of it.
const fs = require('fs');
const path = require('path');
const Ajv = require('ajv');

const root = path.join(__dirname, '../../..');
const read = (name) =>
  JSON.parse(fs.readFileSync(path.join(root, name), 'utf8'));
const validate = new Ajv({ strict: false }).compile(
  read('docs/reference/fleet.schema.json'));

let wrong = 0;
for (const { valid, app } of read('tests/cli/spec_file/schema_samples.json')) {
  for (const document of [{ apps: [app] }, { 'x-a': 1, apps: app }, [app], app]) {
    if (validate(document) === valid) continue;
    wrong += 1;
    console.log(`${valid ? 'refused' : 'taken'}: ${JSON.stringify(document)}`);
  }
}
process.exit(wrong === 0 ? 0 : 1);
