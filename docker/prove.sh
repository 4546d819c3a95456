#!/bin/sh
# Proves the image's steps where no container engine is: does what the Dockerfile says, line by
# line, in bare Debian folders, then starts what came out as a container would be started: as the
# image's user, on a read-only root file system, with /luna as the one place to write.
#
#   docker/prove.sh FOLDER     as root, with debootstrap installed
#
# FOLDER gets the Debian (kept for the next run) and the stages. Where the environment has the
# variables that compose.yaml gives to Luna (LUNA_HOMESERVER__URL and so on, of a homeserver and a
# model that run), she is also started: she must get ready, be healthy by the Dockerfile's own
# HEALTHCHECK, and stop cleanly at SIGTERM.
#
# What differs from an image: Debian's own python3 (the same minor version) in place of the base
# image, no build cache, the network and the kernel's limits of this machine.
set -eu

repository=$(cd "$(dirname "$0")/.." && pwd)
dockerfile=$repository/docker/Dockerfile
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
mkdir -p "$1"
work=$(cd "$1" && pwd)

# Mounts and processes are this script's own, and gone with it.
if [ -z "${PROVE_APART:-}" ]; then
    PROVE_APART=yes exec unshare --mount --pid --fork --kill-child "$0" "$work"
fi

say() { printf '== %s\n' "$*"; }
fail() { say "FAILED: $*"; exit 1; }

base=$work/debian
if [ ! -e "$base/.complete" ]; then
    say "debootstrap: bookworm, python3, nothing else"
    rm -rf "$base"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
        bookworm "$base" >"$work/debootstrap.log"
    touch "$base/.complete"
fi

# A stage is a copy of the base; what pip needs of this machine's network is lent to it.
begin_stage() {  # NAME
    stage=$work/stage-$1 user=0:0 directory=/
    say "FROM: stage $1"
    rm -rf "$stage"
    cp -a "$base" "$stage"
    mount -t proc proc "$stage/proc"
    for lent in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
        touch "$stage$lent" && mount --bind "$lent" "$stage$lent"
    done
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
}

become() {  # COMMAND...: this shell goes on as the command, in the stage
    # shellcheck disable=SC2016  # the inner shell expands these
    exec chroot --userspec="$user" "$stage" sh -c 'cd "$0" && exec "$@"' "$directory" "$@"
}
inside() { (become "$@"); }

# COPY as far as the Dockerfile uses it: --from=STAGE, or paths of the build context.
copy() {
    case $1 in --from=*) from=$work/stage-${1#--from=} && shift ;; *) from=$repository ;; esac
    sources='' target=
    for word; do sources="$sources $target" && target=$word; done
    case $target in /*) ;; *) target=$directory/$target ;; esac
    for source in $sources; do
        if [ -d "$from/$source" ]; then
            mkdir -p "$stage$target" && cp -a "$from/$source/." "$stage$target/"
        else
            mkdir -p "$stage$target" && cp "$from/$source" "$stage$target/"
        fi
    done
}

json_words() {  # JSON: the array as quoted words
    chroot "$base" python3 -c \
        'import json, shlex, sys; print(shlex.join(json.loads(sys.argv[1])))' "$1"
}

# One line an instruction: comments away, continued lines joined.
grep -v '^#' "$dockerfile" | sed -e ':again' -e '/\\$/N' -e 's/\\\n */ /' -e 'tagain' >"$work/steps"
stages=0
while read -r instruction rest; do
    [ -z "$instruction" ] || [ "$instruction" = FROM ] || say "$instruction $rest"
    case $instruction in
        FROM) case $rest in *' AS '*) begin_stage "${rest##* AS }" ;; *) begin_stage last ;; esac
              stages=$((stages + 1)) ;;
        RUN) while case $rest in --mount=*) true ;; *) false ;; esac; do rest=${rest#* }; done
             inside sh -ec "$rest" </dev/null ;;
        COPY) eval "copy $rest" ;;
        ENV) eval "export $rest" ;;
        USER) user=$rest ;;
        WORKDIR) directory=$rest && mkdir -p "$stage$rest" ;;
        VOLUME) volume=$rest ;;
        HEALTHCHECK) health=$(json_words "${rest##* CMD }") ;;
        ENTRYPOINT) entrypoint=$(json_words "$rest") ;;
        CMD) command=$(json_words "$rest") ;;
        '') ;;
        *) fail "no way to prove $instruction: teach prove.sh" ;;
    esac
done <"$work/steps"
say "$stages stages are built; the last is $(du -smx "$base" "$stage" | cut -f1 | tr '\n' ' ')MB (base, with Luna)"

for tool in cc gcc g++ ld make rustc; do
    inside sh -c "command -v $tool" && fail "there is a compiler: $tool"
done
say "no compiler in the last stage"
[ "${user%%:*}" -gt 0 ] || fail "the image runs as root"

# From here on as a container: root read-only, /tmp and the volume of its own.
mount --bind "$stage" "$stage"
mount -o remount,bind,ro "$stage"
mount -t proc proc "$stage/proc"
mount -t tmpfs tmpfs "$stage/tmp"
rm -rf "$work/volume"
cp -a "$stage$volume" "$work/volume"
cp "$repository/docker/config.yaml" "$work/volume/config.yaml"
mount --bind "$work/volume" "$stage$volume"
if chroot "$stage" touch /here 2>/dev/null; then fail "the root file system can be written to"; fi
say "user $user, read-only root, $volume is a volume: $(eval "inside $entrypoint --version")"

export LUNA_HOMESERVER__REGISTRATION_SHARED_SECRET="${LUNA_HOMESERVER__REGISTRATION_SHARED_SECRET:-none}"
eval "inside $entrypoint check" >"$work/check" || true
cat "$work/check"
grep -q '✓ [0-9]* commands are declared' "$work/check" || fail "the commands are not in the image"
[ -n "${LUNA_HOMESERVER__URL:-}" ] || { say "PROVED, without a start on a homeserver"; exit 0; }

eval "become $entrypoint $command" >"$work/luna.log" 2>&1 &
luna=$!
seconds=0
until grep -q '^Luna is ready' "$work/luna.log"; do
    seconds=$((seconds + 1))
    { [ $seconds -lt 90 ] && kill -0 $luna; } || { cat "$work/luna.log"; fail "she is not ready"; }
    sleep 1
done
cat "$work/luna.log"
eval "inside $health" || fail "HEALTHCHECK says she is unhealthy"
say "HEALTHCHECK: healthy"
kill -TERM $luna
wait $luna || fail "SIGTERM: she ended with status $?"
say "SIGTERM: she stopped with status 0; in $volume: $(ls -Am "$work/volume")"
say "PROVED"
