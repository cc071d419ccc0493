# Sourced by ./run and ./test: makes .venv in the checkout and keeps it as pyproject.toml and constraints.txt say.
# Everything is said on standard error, so that a command's own output stays clean.
#   ensure_environment EXTRAS    e.g. all, or all,dev

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

find_python() { # prints a Python that can make environments
  local candidate seen=""
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    seen="$seen $candidate ($("$candidate" --version 2>&1 | head -n 1))"
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  die "thinkharder needs Python 3.11 or newer with its venv module; found:${seen:- no Python at all}." \
    "Install it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), or set PYTHON=/path/to/python3."
}

quietly() { # LABEL COMMAND...: one line while it runs; its output only if it fails
  local label=$1 log=.venv/setup.log start=$SECONDS pid status=0
  shift
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
  if [[ -t 2 ]]; then
    while kill -0 "$pid" 2>/dev/null; do
      printf '\r%s … %d s' "$label" $((SECONDS - start)) >&2
      sleep 0.5
    done
    printf '\r' >&2
  else
    say "$label …"
  fi
  wait "$pid" || status=$?
  trap - INT TERM
  if ((status)); then
    say "$label: failed"
    tail -n 15 "$log" | sed 's#//[^/@[:space:]]*@#//#g' >&2
    die "$label failed; the whole log is in $log. Is the package index reachable (pip config list)? Then run this again."
  fi
  say "$label: done in $((SECONDS - start)) s"
}

fingerprint() { # of all that decides what is installed; the place too: an editable install points to it
  { pwd -P; cat pyproject.toml constraints.txt; } | cksum
}

ensure_environment() {
  local extras=$1 wanted have="" python
  wanted="$(fingerprint)"
  [[ -f .venv/installed ]] && have=$(<.venv/installed)
  # The larger set of extras serves both commands.
  if [[ $have == "$wanted $extras"* ]] && [[ -x .venv/bin/thinkharder ]] && .venv/bin/python -c '' 2>/dev/null; then
    return
  fi
  if command -v flock >/dev/null 2>&1; then # one at a time, where the system can
    exec 9>.venv.lock
    flock -n 9 || { say "waiting for another setup of this checkout …"; flock 9; }
  fi
  [[ -f .venv/installed ]] && have=$(<.venv/installed)
  if [[ $have != "$wanted $extras"* ]]; then
    rm -f .venv/installed
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
      python=$(find_python) || exit 1
      say "making .venv with $("$python" --version)"
      "$python" -m venv --clear .venv || die "'$python -m venv .venv' failed; see above"
    fi
    # Without compiling all modules beforehand: half the time and 110 MB less; Python compiles what it imports.
    quietly "installing thinkharder[$extras] into .venv" env PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 \
      .venv/bin/python -m pip install --no-compile --progress-bar off -c constraints.txt -e ".[$extras]"
    printf '%s %s\n' "$wanted" "$extras" >.venv/installed
  fi
  if command -v flock >/dev/null 2>&1; then exec 9>&-; fi
}
