import { describe, expect, it } from 'vitest';
import type { ShellFindings } from '../../../src/guards/shell/findings.js';
import { readShell } from '../../../src/guards/shell/read.js';

function read(script: string): ShellFindings {
  return readShell(script, { directory: '/r', home: '/home/me' });
}

/** Each write as `directory: path`, a glob with `glob`, a link that is not followed with `!`, and what goes into it. */
function writesOf(script: string): string[] {
  return read(script).writes.map(({ path, isPattern, directory, follows, into }) =>
    [
      directory === '/r' ? '' : `${directory}: `,
      isPattern ? 'glob ' : '',
      path,
      follows ? '' : '!',
      into.length > 0 ? ` <- ${into.join(',')}` : '',
    ].join(''),
  );
}

describe('what a script writes', () => {
  it.each<[string, string[]]>([
    // Redirections.
    ['echo x > src/a.ts', ['src/a.ts']],
    ['echo x >src/a.ts', ['src/a.ts']],
    ['echo x>src/a.ts', ['src/a.ts']],
    ['echo x >> src/a.ts', ['src/a.ts']],
    ['echo x >| src/a.ts', ['src/a.ts']],
    ['make &> src/log', ['src/log']],
    ['make &>> src/log', ['src/log']],
    ['make >& src/log', ['src/log']],
    ['make 2>src/errors', ['src/errors']],
    ['make > /dev/null 2>&1', ['/dev/null']],
    ['make 2>&1', []],
    ['make >&2', []],
    ['make 2>&-', []],
    ['cat < src/a.ts', []],
    ['exec 3<>src/a.ts', ['src/a.ts']],
    ['> src/a.ts', ['src/a.ts']],
    ['echo "a > b"', []],
    ["echo 'a > b'", []],
    ['echo a \\> b', []],
    ['[[ a > b ]]', []],
    ['(( a > b )) && echo yes', []],
    ['echo $((1 > 2))', []],
    ['# > src/a.ts', []],
    ['echo a#b > c', ['c']],
    // Here-documents.
    ["cat > src/a.ts <<'EOF'\necho x > not/this\nEOF\n", ['src/a.ts']],
    ['cat <<EOF > src/a.ts\n> not/this\nEOF\necho y > b', ['src/a.ts', 'b']],
    ['cat <<-EOF >a\n\tx > y\n\tEOF\necho z > b', ['a', 'b']],
    ['bash <<EOF\nrm src/a.ts\nEOF', ['src/a.ts!']],
    ['cat <<A <<B > c\na\nA\nb\nB\nrm d', ['c', 'd!']],
    ['cat <<EOF\nnever ends > x', []],
    // Quotes and escapes.
    ['echo x > "src/with space.ts"', ['src/with space.ts']],
    ["echo x > 'src/it'\\''s.ts'", ["src/it's.ts"]],
    ["echo x > $'src/a\\nb.ts'", ['src/a\nb.ts']],
    ['echo x > src/a\\ b.ts', ['src/a b.ts']],
    ['echo x > s"rc"/\'a\'.ts', ['src/a.ts']],
    ['echo x > sr\\\nc/a.ts', ['src/a.ts']],
    ['rm "src/[slug]/page.tsx"', ['src/[slug]/page.tsx!']],
    ['rm src/*.ts', ['glob src/*.ts!']],
    ['rm src/{a,b}.ts', ['glob src/{a,b}.ts!']],
    ['rm "src/[a]"*.ts', ['glob src/\\[a\\]*.ts!']],
    ['echo x > ~/notes', ['/home/me/notes']],
    ['echo x > "~/notes"', ['~/notes']],
    // Programs.
    ['echo x | tee src/a.ts src/b.ts', ['src/a.ts', 'src/b.ts']],
    ['echo x | tee -a src/a.ts > /dev/null', ['/dev/null', 'src/a.ts']],
    ["sed -i 's/a/b/' src/a.ts src/b.ts", ['src/a.ts', 'src/b.ts']],
    ["sed -i.bak 's/a/b/' src/a.ts", ['src/a.ts']],
    ["sed -n -i -e 's/a/b/' -e 's/c/d/' src/a.ts", ['src/a.ts']],
    ["sed --in-place=.orig --expression='s/a/b/' src/a.ts", ['src/a.ts']],
    ["sed 's/a/b/' src/a.ts", []],
    ["perl -pi -e 's/a/b/' src/a.ts", ['src/a.ts']],
    ["perl -i.bak -pe 's/a/b/' src/a.ts", ['src/a.ts']],
    ["perl -ne 'print' src/a.ts", []],
    ["awk -i inplace '{print}' src/a.ts", ['src/a.ts']],
    ['mv src/a.ts src/b.ts', ['src/a.ts!', 'src/b.ts <- a.ts']],
    ['mv -t lib src/a.ts src/b.ts', ['src/a.ts!', 'src/b.ts!', 'lib <- a.ts,b.ts']],
    ['cp -r src/a lib/', ['lib/ <- a']],
    ['cp README.md src/a.ts', ['src/a.ts <- README.md']],
    ['rm -rf -- src/a.ts -x', ['src/a.ts!', '-x!']],
    ['rmdir src/empty', ['src/empty!']],
    ['ln -s ../x src/link', ['src/link <- x']],
    ['install -m 644 a.ts src/a.ts', ['src/a.ts <- a.ts']],
    ['install -d src/new', []],
    ['truncate -s 0 src/a.ts', ['src/a.ts']],
    ['dd if=/dev/zero of=src/a.bin bs=1', ['src/a.bin']],
    ['touch -d yesterday src/a.ts', ['src/a.ts']],
    ['chmod +x src/a.sh', ['src/a.sh']],
    ['chmod -x src/a.sh', ['src/a.sh']],
    ['chmod -R 644 src/a.sh', ['src/a.sh']],
    ['curl -so src/a.json https://x.example/a', ['src/a.json']],
    ['wget -O src/a.json https://x.example/a', ['src/a.json']],
    ['sort -o src/a.txt src/a.txt', ['src/a.txt']],
    ['find src -name "*.ts" -delete', ['src!']],
    ['find src -name x -exec rm {} \\;', ['src!']],
    ['find src -name x -exec sed -i s/a/b/ {} +', ['src']],
    ['patch src/a.ts < x.diff', ['src/a.ts']],
    ['/bin/rm src/a.ts', ['src/a.ts!']],
    ['\\rm src/a.ts', ['src/a.ts!']],
    [
      "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: src/a.ts\n*** Move to: src/b.ts\n*** End Patch\nEOF",
      ['src/a.ts', 'src/b.ts'],
    ],
    // Directories.
    ['cd src && rm a.ts', ['/r/src: a.ts!']],
    ['cd src; cd ..; rm a.ts', ['a.ts!']],
    ['cd /tmp && rm a.ts', ['/tmp: a.ts!']],
    ['(cd src && rm a.ts); rm b.ts', ['/r/src: a.ts!', 'b.ts!']],
    ['cd src | true; rm a.ts', ['a.ts!']],
    ['cd src & rm a.ts', ['a.ts!']],
    ['cd src || exit 1; rm a.ts', ['/r/src: a.ts!']],
    ['cd; rm a.ts', ['/home/me: a.ts!']],
    ['git -C src rm a.ts', ['/r/src: a.ts!']],
    ['pushd src && rm a.ts', ['/r/src: a.ts!']],
    // Combinations.
    ['true && rm a || rm b; rm c | rm d & rm e', ['a!', 'b!', 'c!', 'd!', 'e!']],
    ['if true; then rm a; else rm b; fi', ['a!', 'b!']],
    ['for f in x y; do rm a; done', ['a!']],
    ['while read -r l; do echo "$l" >> a; done < b', ['a']],
    ['{ rm a; }', ['a!']],
    ['! rm a', ['a!']],
    ['X=1 Y="a b" rm a', ['a!']],
    ['f() { rm a; }; f', ['a!']],
    ['rm a\nrm b', ['a!', 'b!']],
    ["bash -c 'rm src/a.ts'", ['src/a.ts!']],
    ['bash -lc "cd src && rm a.ts"', ['/r/src: a.ts!']],
    ['sh -c \'sh -c "rm a"\'', ['a!']],
    ['sudo -u me rm a', ['a!']],
    ['env -u X A=1 rm a', ['a!']],
    ['nohup nice -n 5 timeout 10 rm a', ['a!']],
    ['time rm a', ['a!']],
    ['command rm a', ['a!']],
    ['echo b | xargs -n 1 rm a', ['a!']],
    ["xargs sed -i 's/a/b/' src/a.ts", ['src/a.ts']],
    ['echo $(rm a)', ['a!']],
    ['echo "$(rm a)"', ['a!']],
    ['echo `rm a`', ['a!']],
    ['diff <(rm a) b', ['a!']],
    ['eval "rm a"', ['a!']],
    ['cat <<EOF\n$(rm a)\nEOF', ['a!']],
    // Git.
    ['git rm -r --cached src', ['src!']],
    ['git rm -n src', []],
    ['git mv src/a.ts src/b.ts', ['src/a.ts!', 'src/b.ts <- a.ts']],
    ['git checkout main -- src/a.ts', ['src/a.ts!']],
    ['git restore --source=HEAD~1 src/a.ts', ['src/a.ts!']],
  ])('%s', (script, writes) => {
    expect(writesOf(script)).toEqual(writes);
  });
});

describe('what it cannot see, and says nothing of', () => {
  it.each([
    'echo x > $FILE',
    'F=src/a.ts; rm "$F"',
    'rm src/$NAME.ts',
    'cd "$DIR" && rm a.ts',
    'cd - && rm a.ts',
    'test -d x || cd x; rm a.ts',
    'eval "$COMMAND"',
    'python3 -c \'open("src/a.ts","w")\'',
    "python3 - <<'EOF'\nopen('src/a.ts','w')\nEOF",
    'node build.js',
    'npm run format',
    './script.sh',
    'bash script.sh',
    '$PROGRAM src/a.ts',
    'echo src/a.ts | xargs rm',
    'git stash pop',
    'echo x > ~other/a',
    'vim -c wq src/a.ts',
  ])('%s', (script) => {
    expect(writesOf(script)).toEqual([]);
  });
});

describe('commands of git whose paths only git knows', () => {
  const all = { kind: 'discard', paths: null, ifThere: false, directory: '/r' };
  const some = (...paths: string[]) => ({ ...all, paths });
  const commit = { kind: 'commit', all: false, paths: [], directory: '/r' };
  it.each<[string, object[]]>([
    ['git commit -m x', [commit]],
    ['git commit -am x', [{ ...commit, all: true }]],
    ['git commit --all -m x', [{ ...commit, all: true }]],
    ['git commit -m x -- src/a.ts', [{ ...commit, paths: ['src/a.ts'] }]],
    ['git commit --amend --no-edit', [commit]],
    ['git commit --dry-run', []],
    ['git -C src commit -m x', [{ ...commit, directory: '/r/src' }]],
    ['git --no-pager -c user.name=x commit -m x', [commit]],
    ['cd src && git commit -m x', [{ ...commit, directory: '/r/src' }]],
    ['git --git-dir=/x/.git commit -m x', []],
    ['git add src && git commit -m x', [{ kind: 'stage', paths: ['src'], directory: '/r' }, commit]],
    ['git add -A', [{ kind: 'stage', paths: [':/'], directory: '/r' }]],
    ['git stash', [all]],
    ['git stash -u', [all]],
    ['git stash push -m x -- src', [some('src')]],
    ['git stash list', []],
    ['git stash show -p', []],
    ['git reset --hard', [all]],
    ['git reset --hard HEAD~1', [all]],
    ['git reset HEAD src', []],
    ['git clean -fdx', [all]],
    ['git clean -fd src', [some('src')]],
    ['git clean -nfd', []],
    ['git clean -d', []],
    ['git checkout -- .', [some('.')]],
    ['git checkout .', [{ ...some('.'), ifThere: true }]],
    ['git checkout main', [{ ...some('main'), ifThere: true }]],
    ['git checkout -b new', []],
    ['git checkout -f main', [all]],
    ['git switch main', []],
    ['git switch --discard-changes main', [all]],
    ['git restore .', [some('.')]],
    ['git restore --staged src', []],
    ['git restore --staged --worktree src', [some('src')]],
    ['git status', []],
    ['git diff > /dev/null', []],
    ['git log --oneline', []],
  ])('%s', (script, acts) => {
    expect(read(script).git).toEqual(acts);
  });
});

describe('patches', () => {
  const patch = { directory: '/r', file: null, text: null, strip: 1, fromRoot: true };
  const plain = { ...patch, fromRoot: false };
  it.each<[string, object[]]>([
    ['git apply x.diff', [{ ...patch, file: 'x.diff' }]],
    ['git apply -p2 x.diff', [{ ...patch, file: 'x.diff', strip: 2 }]],
    ['git apply --check x.diff', []],
    ['git apply < x.diff', [{ ...patch, file: 'x.diff' }]],
    ['git am x.mbox', [{ ...patch, file: 'x.mbox' }]],
    ['git apply <<EOF\n+++ b/x\nEOF', [{ ...patch, text: '+++ b/x\n' }]],
    ['patch -p1 < x.diff', [{ ...plain, file: 'x.diff' }]],
    ['patch -p1 -i x.diff', [{ ...plain, file: 'x.diff' }]],
    ['patch --dry-run -p1 < x.diff', []],
    ['curl x.example | git apply', []],
  ])('%s', (script, patches) => {
    expect(read(script).patches).toEqual(patches);
  });
});

describe('ways past a guard', () => {
  it.each([
    'git commit --no-verify -m x',
    'git commit -nm x',
    'git commit -anm x',
    'git commit -n',
    'git commit -m x --no-verif',
    'git push --no-verify',
    'git merge --no-verify x',
    'git am -n x',
    'git -c core.hooksPath=/dev/null commit -m x',
    'git -c CORE.hookspath= commit -m x',
    'git config core.hooksPath /tmp',
    'git config --global core.hooksPath /tmp',
    'git config set core.hooksPath /tmp',
    'GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_COUNT=1 git commit',
    "GIT_CONFIG_PARAMETERS=\"'core.hooksPath'='x'\" git commit",
    'COORD_GUARD=off git commit -m x',
    'export COORD_GUARD=off; git commit',
    'env COORD_GUARD=off git commit',
    "bash -c 'git commit --no-verify'",
    'cd src && sudo git push --no-verify origin main',
  ])('%s', (script) => {
    expect(read(script).bypasses).toHaveLength(1);
  });

  it.each([
    'git commit -m "--no-verify"',
    'git commit -m -n',
    'git commit -mn',
    'git commit -F -n',
    'git push -n',
    'git cherry-pick -n abc',
    'git config core.hooksPath',
    'git config --get core.hooksPath',
    'git config --unset core.hooksPath',
    'echo git commit --no-verify',
    'COORD_GUARD=on git commit',
    'git log --grep=--no-verify',
  ])('not %s', (script) => {
    expect(read(script).bypasses).toEqual([]);
  });
});

describe('coord', () => {
  it.each([
    'coord claim src/api --reason "x"',
    'coord run src/a.ts -- rm src/a.ts',
    'node /opt/coord/bin/coord.js release --all',
    'npx coord status',
    './node_modules/.bin/coord status',
    'COORD_AGENT=maya coord claim src',
  ])('is left alone: %s', (script) => {
    expect(read(script)).toEqual({ writes: [], git: [], patches: [], exported: [], bypasses: [], commands: [] });
  });

  it('but not what its output is sent to', () => {
    expect(writesOf('coord status > src/status.txt')).toEqual(['src/status.txt']);
  });
});

describe('hostile scripts', () => {
  const MANY = 300_000;
  it.each([
    ['open quotes', `echo "${'x'.repeat(MANY)}`],
    ['open substitutions', '$('.repeat(MANY)],
    ['open backquotes', '`'.repeat(MANY + 1)],
    ['open parentheses', '( '.repeat(MANY)],
    ['many substitutions in a word', `echo ${'$()'.repeat(MANY)}`],
    ['many substitutions in a here-document', `cat <<A\n${'$()'.repeat(MANY)}\nA\n`],
    ['here-documents without an end', 'cat <<A '.repeat(2_000)],
    ['operators alone', '&&;|'.repeat(MANY)],
    ['backslashes', '\\'.repeat(MANY + 1)],
    ['digits', '1'.repeat(MANY)],
    ['nested shells', `${'bash -c "'.repeat(1_000)}rm a`],
    ['control characters', '\0\x1b[31m > \x07'],
    ['a prototype', '__proto__ constructor; toString > x; git __proto__; sudo constructor'],
  ])('are read to their end: %s', (_, script) => {
    expect(() => read(script)).not.toThrow();
  });
});
