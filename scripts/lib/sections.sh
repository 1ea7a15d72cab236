# Runs sections, shows how long each takes, and counts what passed. Sourced by scripts/test and scripts/nightly.

PASSED=0
FAILED=0
SUMMARY=()
LOGS=${CARGO_TARGET_DIR:-target}/test-logs

# Counts of one section out of what its runners print; a section without a runner counts as one.
count() { # LOG STATUS
  local log=$1 status=$2 passed failed
  passed=$(sum_of "$log" passed)
  failed=$(sum_of "$log" failed)
  if [ "$status" -eq 0 ] && [ "$passed" -eq 0 ]; then passed=1; fi
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
  SUMMARY+=("$(printf '%-10s %5d passed %4d failed %6ds' "$3" "$passed" "$failed" "$4")")
}

# nextest: `Summary [..] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out`; cargo test: `test result: ok. 7
# passed; 1 failed`; node: `# pass 7`, `ℹ pass 7`; Playwright: `  7 passed (3s)`; unittest: `Ran 7 tests`.
sum_of() { # LOG passed|failed
  sed 's/\x1b\[[0-9;]*m//g' "$1" | awk -v want="$2" '
    function number_before(word,   at, i) {
      for (i = 1; i < NF; i++) if ($(i + 1) ~ "^" word) at += $i
      return at
    }
    / Summary \[/ { total += want == "passed" ? number_before("passed") : number_before("failed") + timed_out(); next }
    function timed_out(   i) { for (i = 1; i < NF - 1; i++) if ($(i + 1) == "timed" && $(i + 2) ~ /^out/) return $i; return 0 }
    /^test result: / { total += number_before(want); next }
    /^(#|ℹ) pass [0-9]+$/ { if (want == "passed") total += $3; next }
    /^(#|ℹ) fail [0-9]+$/ { if (want == "failed") total += $3; next }
    /^ +[0-9]+ (passed|failed|flaky)/ { if ($2 == want || ($2 == "flaky" && want == "failed")) total += $1; next }
    /^Ran [0-9]+ tests? in / { ran = $2; next }
    /^OK( |$)/ { if (want == "passed") total += ran; ran = 0; next }
    /^FAILED \(/ { total += want == "passed" ? 0 : 1; ran = 0; next }
    END { print total + 0 }'
}

list_sections() {
  local name
  for name in "${SECTIONS[@]}"; do
    printf '%-10s %s\n' "$name" "$(sed -n "s/^section_${name}() { # //p" "$0")"
  done
}

run_section() {
  local name=$1 started=$SECONDS status log=$LOGS/$1.log what
  what=$(sed -n "s/^section_${name}() { # //p" "$0")
  printf '\n=== %s: %s\n' "$name" "$what"
  "section_$name" > >(tee "$log") 2>&1
  status=$?
  # The copy may still be writing when the section is over.
  wait $! 2>/dev/null
  count "$log" "$status" "$name" "$((SECONDS - started))"
  printf '=== %s: %s after %ds\n' "$name" "$([ "$status" -eq 0 ] && echo good || echo "failed ($status)")" "$((SECONDS - started))"
}

run_sections() {
  local wanted=("$@") name
  case ${1:-} in
    --list) list_sections; exit 0 ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; list_sections; exit 0 ;;
  esac
  [ $# -eq 0 ] && wanted=("${SECTIONS[@]}")
  for name in "${wanted[@]}"; do
    if ! printf '%s\n' "${SECTIONS[@]}" | grep -qx -- "$name"; then
      echo "no such section: $name; there are: ${SECTIONS[*]}" >&2
      exit 2
    fi
  done
  mkdir -p "$LOGS"
  for name in "${wanted[@]}"; do run_section "$name"; done
  printf '\n'
  printf '%s\n' "${SUMMARY[@]}"
  printf 'in %ds, logs in %s\n\n' "$SECONDS" "$LOGS"
  echo "$PASSED passed, $FAILED failed"
  [ "$FAILED" -eq 0 ]
}
