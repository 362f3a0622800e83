// Makes a release: npm run release -- VERSION [--no-check]. Checks everything, dates the changelog, commits, tags and packs;
// pushes and publishes nothing. It stops before it changes anything where something is not as it should be.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [version = '', ...options] = process.argv.slice(2);
const tag = `v${version}`;
const UNRELEASED = '## [Unreleased]';

const current = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version;
if (!/^\d+\.\d+\.\d+$/.test(version)) stop('name the version, such as: npm run release -- 1.2.3');
if (compare(version, current) < 0) stop(`${version} is older than ${current}, which package.json has`);
if (run('git', ['status', '--porcelain']) !== '') stop('the worktree has changes: commit them first');
if (run('git', ['rev-parse', '--abbrev-ref', 'HEAD']) !== 'main') stop('releases are made on main: git switch main');
if (run('git', ['tag', '--list', tag]) !== '') stop(`${tag} is there already: choose the next version`);
const changelog = readFileSync(`${root}CHANGELOG.md`, 'utf8');
const notes = changelog.split(UNRELEASED)[1]?.split(/^## /m)[0]?.trim() ?? '';
if (notes === '') stop('CHANGELOG.md has nothing under [Unreleased]: say what changes for users');
if (!options.includes('--no-check')) run('npm', ['run', 'check'], 'inherit');

const day = new Date().toISOString().slice(0, 10);
writeFileSync(`${root}CHANGELOG.md`, changelog.replace(UNRELEASED, `${UNRELEASED}\n\n## [${version}] - ${day}`));
const readme = readFileSync(`${root}README.md`, 'utf8');
writeFileSync(`${root}README.md`, readme.replace(/(uses: \S+\/coord@)v[\d.]+/g, `$1${tag}`));
run('npm', ['version', version, '--no-git-tag-version', '--allow-same-version', '--ignore-scripts']);
run('git', ['commit', '--quiet', '--all', '--message', `Release ${version}`]);
run('git', ['tag', '--annotate', '--cleanup=verbatim', '--message', `coord ${version}\n\n${notes}`, tag]);
const tarball = run('npm', ['pack']);
console.log(`released ${version}: commit, tag ${tag} and ${tarball} are here; nothing is pushed or published`);
console.log(`next: git push --atomic origin main ${tag} && npm publish ${tarball}`);

function run(command, args, stdout = 'pipe') {
  const {
    status,
    stdout: said,
    stderr,
  } = spawnSync(command, args, {
    ...{ cwd: root, encoding: 'utf8' },
    stdio: ['ignore', stdout, 'pipe'],
  });
  if (status !== 0) stop(`${command} ${args.join(' ')} ended with ${status}\n${stderr ?? ''}`);
  return said?.trim() ?? '';
}

function compare(one, other) {
  const parts = (text) => text.split('.').map(Number);
  const difference = parts(one).map((part, index) => part - parts(other)[index]);
  return difference.find((part) => part !== 0) ?? 0;
}

function stop(message) {
  console.error(`no release was made: ${message}`);
  process.exit(1);
}
