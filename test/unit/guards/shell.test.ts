import { describe, expect, it } from 'vitest';
import { type Discard, type GitAct, noFindings, type ShellFindings } from '../../../src/guards/shell/findings.js';
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

function whereOf({ directory }: GitAct): string {
  return directory === '/r' ? '' : ` in ${directory}`;
}

function lineOf(act: GitAct): string {
  if (act.kind === 'discard') return joined(toOf(act), act.mayBePath && 'or a path', othersOf(act), ...wordsOf(act));
  if (act.kind === 'search') {
    const names = act.names.map((group) =>
      group.map(({ pattern, wholePath }) => (wholePath ? `path ${pattern}` : pattern)).join(' or '),
    );
    return joined(`find ${act.starts.map(({ text }) => text).join(' ')}`, ...names, act.filesOnly && 'files only');
  }
  if (act.kind === 'push') return 'push';
  if (act.kind === 'listed') return `each in ${act.file.text}`;
  if (act.kind === 'again') return `${act.undoes ? 'undo' : 'again'} ${act.commits.join(' ')}`;
  return [act.kind, ...(act.kind === 'commit' && act.all ? ['all'] : []), ...act.paths].join(' ');
}

const joined = (...parts: (string | false | null | undefined)[]) => parts.filter(Boolean).join(' | ');

function toOf({ to }: Discard): string | null {
  return to === null ? null : `to ${typeof to === 'string' ? to : to.commit}`;
}

function othersOf({ untracked }: Discard): string | null {
  return untracked && `untracked${untracked.folders ? ' with folders' : ''}, ignored ${untracked.ignored}`;
}

function wordsOf({ paths }: Discard): (string | undefined)[] {
  return paths
    ? [paths.words.map(({ pattern, text }) => pattern ?? text).join(' '), paths.listedIn?.text]
    : ['everywhere'];
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
    ['rmdir src/empty', []],
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
    ["sed -E -i 's/a/b/' src/a.ts", ['src/a.ts']],
    ["sed -nEi 's/a/b/p' src/a.ts", ['src/a.ts']],
    ["sed 's/a/b/w out.txt' src/a.ts", ['out.txt']],
    ['gzip src/a.txt', ['src/a.txt!', 'src/a.txt.gz']],
    ['gzip -k src/a.txt', ['src/a.txt.gz']],
    ['gzip -c src/a.txt', []],
    ['split -l 2 a.txt src/part', ['glob src/part*']],
    ['tar -C src -xf a.tar', ['src']],
    ['tar xf a.tar -C src b.ts', ['/r/src: b.ts!']],
    ['tar czf src/a.tgz lib', ['src/a.tgz']],
    ['tar tf a.tar', []],
    ['unzip -o a.zip -d src', ['src']],
    ["printf 'w' | ed -s src/a.ts", ['src/a.ts']],
    ['vim -es -c wq src/a.ts', ['src/a.ts']],
    ['env -C src rm a.ts', ['/r/src: a.ts!']],
    ["env -S 'rm src/a.ts'", ['src/a.ts!']],
    ['git --git-dir=.git --work-tree=src rm a.ts', ['/r/src: a.ts!']],
    ['git worktree remove --force ../wt', ['../wt!']],
    ['git worktree remove ../wt', []],
    // Variables that the script sets itself.
    ['F=src/a.ts; rm "$F"', ['src/a.ts!']],
    ['export F=src/a.ts && rm "$F"', ['src/a.ts!']],
    ['D=src; echo x > $D/a.ts', ['src/a.ts']],
    ['for f in src/a.ts lib/*.ts; do rm "$f"; done', ['src/a.ts!', 'glob lib/*.ts!']],
    ['for f in a.ts b.ts; do cp x "$f"; done', ['a.ts <- x', 'b.ts <- x']],
    ['for f in a.ts b.ts; do echo x > $f; done', ['a.ts', 'b.ts']],
    ['for d in src lib; do cd $d && rm a.ts && cd ..; done', ['/r/src: a.ts!', '/r/lib: a.ts!']],
    [
      'for d in src lib; do for n in a b; do rm $d/$n; done; done > log',
      ['src/a!', 'src/b!', 'lib/a!', 'lib/b!', 'log'],
    ],
    ['for f in a; do if true; then rm $f; fi; done; cp x $f', ['a!', 'a <- x']],
    ['F="src/a.ts lib/b.ts"; rm $F', ['src/a.ts!', 'lib/b.ts!']],
    ['F="src/a.ts lib/b.ts"; for f in $F; do cp x $f; done', ['src/a.ts <- x', 'lib/b.ts <- x']],
    ['F="src/a b.ts"; rm "$F"', ['src/a b.ts!']],
    ["F='src/*.ts'; rm $F", ['glob src/*.ts!']],
    ['cd src && rm "$PWD/a.ts"', ['/r/src: /r/src/a.ts!']],
    ['F=$(pick); rm "$F"', []],
    ['F=a; F=$(pick); rm "$F"', []],
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
    ['echo b | xargs -n 1 rm a', ['a!', 'b!']],
    ['echo src/a.ts | xargs rm', ['src/a.ts!']],
    ['f() { rm "$1"; }; f a', ['a!']],
    ['f() {\n  for x in "$@"; do { rm $x; }; done\n}\nf a b && g', ['a!', 'b!']],
    ['function f { rm "$2"; }; f a b', ['b!']],
    ['f() { rm a; }; trap f EXIT', ['a!']],
    ['f() { rm $1; f; }; f a', ['a!']],
    ['f() { rm $1; }; g() { f b; rm $1; }; g c', ['b!', 'c!']],
    ['xargs rm <<< src/a.ts', ['src/a.ts!']],
    ["rm $(printf '%s\\n' a b)", ['a!', 'b!']],
    ['echo x > "$(pwd)/a"', ['/r/a']],
    ['for f in $(ls src); do rm src/$f; done', ['glob src/**!']],
    ['parallel rm ::: a b', ['a!', 'b!']],
    ["parallel 'gzip {} && mv {}.gz out/' ::: a", ['a!', 'a.gz', 'a.gz!', 'out/ <- a.gz']],
    ['7z x x.7z -oout', ['out']],
    ['7z x -oout x.7z a.ts', ['/r/out: a.ts!']],
    ['7z a x.7z src', ['x.7z']],
    ['7z l x.7z', []],
    ['awk \'{ print > "a" }\' b', ['a']],
    ['awk \'{ printf "%s", $1 >> "a" }\' b', ['a']],
    ["awk -v out=a '{ print > out }' b", ['a']],
    ["awk '$1 > 5 { print }' b", []],
    ["git -c alias.x='!rm src/a.ts' x", ['src/a.ts!']],
    ["git -c alias.x='rm -f' x a.ts", ['a.ts!']],
    ["git config alias.x '!rm -f' && git x a.ts", ['a.ts!']],
    ["git -c alias.status='!rm a.ts' status", []],
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
  ])('%s', (script, writes) => {
    expect(writesOf(script)).toEqual(writes);
  });
});

describe('what it cannot see, and says nothing of', () => {
  it.each([
    'echo x > $FILE',
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
    'echo x > ~other/a',
  ])('%s', (script) => {
    expect(writesOf(script)).toEqual([]);
  });
});

describe('commands of git whose paths only git knows', () => {
  /** Each act as a line: what it does, to what, where. */
  const actsOf = (script: string): string[] => read(script).git.map((act) => lineOf(act) + whereOf(act));

  it.each<[string, string[]]>([
    ['git commit -m x', ['commit']],
    ['git commit -am x', ['commit all']],
    ['git commit --all -m x', ['commit all']],
    ['git commit -m x -- src/a.ts', ['commit src/a.ts']],
    ['git commit --amend --no-edit', ['commit']],
    ['git commit --dry-run', []],
    ['git -C src commit -m x', ['commit in /r/src']],
    ['git --no-pager -c user.name=x commit -m x', ['commit']],
    ['cd src && git commit -m x', ['commit in /r/src']],
    ['git --git-dir=.git commit -m x', ['commit']],
    ['git --work-tree=/x commit -m x', ['commit in /x']],
    ['git add src && git commit -m x', ['stage src', 'commit']],
    ['git add -A', ['stage :/']],
    ['git stash', ['to HEAD | everywhere']],
    ['git stash -u', ['to HEAD | untracked with folders, ignored kept | everywhere']],
    ['git stash -a', ['to HEAD | untracked with folders, ignored too | everywhere']],
    ['git stash push -m x -- src', ['to HEAD | src']],
    ['git stash list', []],
    ['git stash show -p', []],
    ['git reset --hard', ['to HEAD | everywhere']],
    ['git reset --hard HEAD~1', ['to HEAD | everywhere']],
    ['git reset --merge', ['to staged | everywhere']],
    ['git reset HEAD src', []],
    ['git read-tree --reset -u other', ['to HEAD | everywhere']],
    ['git checkout-index -f a.ts', ['to index | a.ts']],
    ['git clean -fdx', ['untracked with folders, ignored too | everywhere']],
    ['git clean -f', ['untracked, ignored kept | everywhere']],
    ['git clean -fd src', ['untracked with folders, ignored kept | src']],
    ['git clean -nfd', []],
    ['git clean -d', []],
    ['git checkout -- .', ['to index | .']],
    ['git checkout .', ['to . | or a path']],
    ['git checkout main', ['to main | or a path']],
    ['git checkout main src/a.ts', ['to main | or a path | src/a.ts']],
    ['git checkout main -- src/a.ts', ['to main | src/a.ts']],
    ['git checkout --pathspec-from-file=l main', ['to main | l']],
    ['git checkout -b new', []],
    ['git checkout -f main', ['to main | or a path | everywhere']],
    ['git checkout -fB new', ['to HEAD | everywhere']],
    ['git switch main', []],
    ['git switch --discard-changes main', ['to HEAD | everywhere']],
    ['git restore .', ['to index | .']],
    ['git restore --source=HEAD~1 src/a.ts', ['to HEAD~1 | src/a.ts']],
    ['git restore --staged src', []],
    ['git restore --staged --worktree src', ['to HEAD | src']],
    ['git checkout -- $FILE', []],
    ['git status', []],
    ['git diff > /dev/null', []],
    ['git log --oneline', []],
    ['find src -name "*.ts" -delete', ['find src | *.ts']],
    ['find . -type f -iname x -exec rm {} \\;', ['find . | x | files only']],
    ['find src -name x -exec sed -i s/a/b/ {} +', ['find src | x']],
    ['find src -name x -exec cat {} +', []],
    ['find src -name x -print', []],
    ['find src -type d -empty -delete', []],
    ['find src -name a -o -name b -delete', ['find src | b']],
    ['find src -type d -o -type f -delete', ['find src | files only']],
    ['find src \\( -name a -o -name b \\) -delete', ['find src | a or b']],
    ['find src ! -name a -delete', ['find src']],
    ['find src -path "*/x/*" -delete', ['find src | path */x/*']],
    ['find src -name x | xargs rm', ['find src | x']],
    ['find src -name x -print0 | sort -z | xargs -0 -n 1 rm -f', ['find src | x']],
    ['find src -name x | xargs -I@ mv @ /tmp', ['find src | x']],
    ['find src -name x | xargs cat', []],
    ['grep -rl foo src | xargs sed -i s/foo/bar/', ['find src | files only']],
    ['grep -rl --include="*.ts" foo | xargs sed -i s/foo/bar/', ['find . | *.ts | files only']],
    ['git ls-files src | xargs rm', ['find src | files only']],
    ['make list | xargs rm', []],
    ['xargs rm < list', ['each in list']],
    ['xargs -a list rm', ['each in list']],
    ['cat list | xargs -I{} rm {}', ['each in list']],
    ['for f in $(cat list); do rm "$f"; done', ['each in list']],
    ['while read -r f; do rm "$f"; done < list', ['each in list']],
    ['while IFS= read -r f; do if [ -f "$f" ]; then rm "$f"; fi; done < <(find src -name x)', ['find src | x']],
    ['find src -name x | while read f; do rm "$f"; done', ['find src | x']],
    ['find src | grep test | xargs rm', ['find src | path *test*']],
    ['find src | grep -v test | xargs rm', []],
    ['find src -name x -exec sh -c \'rm "$1"\' _ {} \\;', ['find src | x']],
    ["find src -name x -exec sh -c 'rm {}' \\;", ['find src | x']],
    ['find src -name x | xargs sh -c \'rm "$@"\' _', ['find src | x']],
    ['rm $(find src -name x)', ['find src | x']],
    ['rm `git ls-files src`', ['find src | files only']],
    ['git checkout -- $(git ls-files src)', ['find src | files only']],
    ['fd -e ts . src -x rm', ['find src | *.ts | files only']],
    ["fd test src -X sed -i 's/a/b/'", ['find src | *test* | files only']],
    ['fd test src', []],
    ['find src -name x | parallel rm', ['find src | x']],
    ['parallel -a list rm {}', ['each in list']],
    ['git stash pop', ['again stash@{0} stash@{0}^3']],
    ['git stash apply 2', ['again stash@{2} stash@{2}^3']],
    ['git cherry-pick -n abc', ['again abc']],
    ['git revert --no-commit HEAD', ['undo HEAD']],
    ['git revert HEAD', []],
  ])('%s', (script, acts) => {
    expect(actsOf(script)).toEqual(acts);
  });
});

describe('what a chain claims first', () => {
  const claimedIn = (script: string) => read(script).writes.map(({ claimed }) => claimed.map(({ text }) => text));
  it.each<[string, string[][]]>([
    ['coord claim src && rm src/a.ts', [['/r/src']]],
    ['cd src && npx --no coord claim a.ts b.ts --reason x && rm a.ts', [['/r/src/a.ts', '/r/src/b.ts']]],
    ['coord claim src && (rm src/a.ts; rm src/b.ts) && rm c', [['/r/src'], ['/r/src'], ['/r/src']]],
    ['coord claim src; rm src/a.ts', [[]]],
    ['coord claim src\nrm src/a.ts', [[]]],
    ['coord claim src || rm src/a.ts', [[]]],
    ['coord claim src | rm src/a.ts', [[]]],
    ['coord claim src & rm src/a.ts', [[]]],
    ['coord claim src && true; rm src/a.ts', [[]]],
    ['coord claim --shared src && rm src/a.ts', [[]]],
    ['coord claim $DIR && rm src/a.ts', [[]]],
    ['coord renew src && rm src/a.ts', [[]]],
  ])('%s', (script, claimed) => {
    expect(claimedIn(script)).toEqual(claimed);
  });
});

describe('patches', () => {
  const everyPath = { below: '', include: [], exclude: [] };
  const patch = { directory: '/r', file: null, text: null, strip: 1, fromRoot: true, ...everyPath };
  const plain = { ...patch, fromRoot: false };
  it.each<[string, object[]]>([
    ['git apply x.diff', [{ ...patch, file: 'x.diff' }]],
    ['git apply -p2 x.diff', [{ ...patch, file: 'x.diff', strip: 2 }]],
    ['git apply --directory=src --include=a x.diff', [{ ...patch, file: 'x.diff', below: 'src', include: ['a'] }]],
    ['patch -d src -p1 < x.diff', [{ ...plain, file: '/r/x.diff', directory: '/r/src' }]],
    ['git apply --check x.diff', []],
    ['git apply --cached x.diff', []],
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
    'git update-ref -d refs/coord/state',
    'git symbolic-ref refs/coord/state refs/heads/x',
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
    'git update-ref refs/heads/x HEAD',
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
    expect(read(script)).toEqual({ ...noFindings(), claims: script.includes('claim') });
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
    ['loops within loops', 'for f in a b c d; do '.repeat(MANY / 10)],
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
