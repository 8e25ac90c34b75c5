#!/bin/sh
# The image's `brainarr`: sees to who runs it and to whom /config belongs, then becomes the real one.
#
# It has that name in the PATH so that `docker exec CONTAINER brainarr …` too works as the user of the server,
# to whom files that root makes would be closed. Nothing on the root file system is written: it may be read-only.
set -eu

program=/opt/brainarr/bin/brainarr
folder=${BRAINARR_CONFIG:-/config}

# say LEVEL TEXT: like Brainarr's own log, for people on a terminal, for programs anywhere else.
say() {
    if [ -t 2 ]; then
        printf 'brainarr: %s\n' "$2" >&2
    else
        text=$(printf '%s' "$2" | tr -d '"\\[:cntrl:]')
        printf '{"event": "%s", "level": "%s", "logger": "entrypoint", "timestamp": "%s"}\n' \
            "$text" "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >&2
    fi
}

# need_id NAME VALUE: ends the start unless that can be the number of a user or group.
need_id() {
    case $2 in
    '' | *[!0-9]* | ???????????*) ;;
    # One more stands for "as it is", and beyond that setpriv begins again at 0: both would be root.
    *) [ "$2" -gt 4294967294 ] || return 0 ;;
    esac
    say error "$1: '$2' is not usable; allowed: the number that 'id' prints on the host, such as 1000"
    exit 2
}

# own UID GID: what lies in the folder belongs to them; mounts within it are somebody else's. Whoever writes there
# at this moment may put a link in a folder's place: so from within each folder (-execdir), and never through one.
own() {
    mkdir -p "$folder" 2>/dev/null || :
    find "$folder" -xdev \( ! -user "$1" -o ! -group "$2" \) -execdir chown -h "$1:$2" {} + 2>/dev/null ||
        say warning "not everything in $folder could be given to $1:$2, on a share for example"
}

export HOME="$folder"
# Brainarr reads UMASK by its own name, and says what is wrong with it.
export BRAINARR_UMASK="${BRAINARR_UMASK:-${UMASK:-}}"

if [ "$(id -u)" -ne 0 ]; then
    if [ -n "${PUID:-}" ] && [ "$PUID" != "$(id -u)" ]; then
        say warning "PUID is $PUID, but the container was started as $(id -u): only root can change that"
    fi
    if [ ! -w "$folder" ]; then
        say warning "$folder is not writable for $(id -u):$(id -g): give them the folder that is mounted there"
    fi
    exec "$program" "$@"
fi

uid=${PUID:-1000}
gid=${PGID:-1000}
need_id PUID "$uid"
need_id PGID "$gid"
own "$uid" "$gid"
if [ "$uid" -eq 0 ]; then
    say warning "PUID is 0: Brainarr runs as root, which it has no need of"
    exec "$program" "$@"
fi
# Once more, as them.
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs -- "$0" "$@"
