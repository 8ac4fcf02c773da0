# Sourced by ./run, ./test, ./farthing and bench/run: finds the SDK and builds what changed.
# Expects $root, the top of the working tree.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

require_sdk() {
    if command -v dotnet >/dev/null && dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; then return; fi
    cat >&2 <<'TEXT'
Farthing needs the .NET 10 SDK, and `dotnet --list-sdks` does not show one.
  - Every system:    https://dotnet.microsoft.com/download/dotnet/10.0
  - Debian, Ubuntu:  apt-get install dotnet-sdk-10.0
                     (Debian has it from Microsoft's package feed; the page above says how to add that)
Then run this command again.
TEXT
    exit 69
}

# One line that changes whenever a file that matters to the build of these folders changes.
fingerprint() {
    (cd "$root" && find "$@" Directory.Build.props Directory.Packages.props global.json .editorconfig BannedSymbols.txt \
        -type f ! -path '*/bin/*' ! -path '*/obj/*' -exec cksum {} + | LC_ALL=C sort | cksum)
}

# compile PROJECT LOG: builds a project or the solution. One compiler stays for all its parts, which halves the time; it ends with the build, as does
# whatever else would stay behind. Measured: code that is first instrumented costs the compiler more than it gains.
compile() (
    status=0
    set -m
    DOTNET_TieredPGO=0 dotnet build "$1" -c Release -v q -clp:NoSummary -p:UseSharedCompilation=true -p:SharedCompilationId="farthing-$$" >"$2" 2>&1 </dev/null &
    trap 'kill -TERM -- -$! 2>/dev/null; exit 130' INT TERM
    wait $! || status=$?
    kill -TERM -- -$! 2>/dev/null || true
    exit $status
)

# build_if_changed STAMP FOLDER... -- PROJECT...: builds the projects unless the folders are as they were at the last build.
build_if_changed() {
    local stamp=$root/artifacts/stamps/$1 folders=() now project log
    shift
    while [ "$1" != -- ]; do folders+=("$1"); shift; done
    shift
    now=$(fingerprint "${folders[@]}")
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then return; fi

    require_sdk
    echo "Building (the first time takes a minute or two) ..." >&2
    mkdir -p "$root/artifacts/stamps"
    rm -f "$stamp"
    log=$root/artifacts/stamps/build.$$.log
    for project in "$@"; do
        if ! compile "$root/$project" "$log"; then
            cat "$log" >&2
            rm -f "$log"
            echo "The build of $project failed; the lines above say why." >&2
            exit 70
        fi
    done
    rm -f "$log"
    echo "$now" >"$stamp"
}

# mark_built STAMP FINGERPRINT: what this stamp stands for was built otherwise, from sources that had this fingerprint before.
mark_built() {
    mkdir -p "$root/artifacts/stamps"
    echo "$2" >"$root/artifacts/stamps/$1"
}

# built PROJECT: the path of a project's built assembly.
built() { echo "$root/artifacts/bin/$1/release/$1.dll"; }

# True if something answers on this port of the loopback interface.
port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
