#!/bin/sh
# Writes .env for docker-compose.yml: a new password for every user. Changes no .env that is there.
#   sh deploy/make-env.sh [https://waybill.example.org] [user of the dashboard]
set -eu

cd "$(dirname "$0")/.."
public_url=${1:-https://localhost}
user=${2:-staff}
host=${public_url#*://}
if [ -e .env ]; then
    echo ".env is there already; remove it first if the database and the broker are to get new passwords." >&2
    exit 1
fi

secret() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

dashboard_password=$(secret)
# By the image that checks it. Through a pipe: arguments are for everybody on the machine to read.
hash=$(echo "$dashboard_password" | docker run --rm -i caddy:2.10 caddy hash-password)

umask 077
while IFS= read -r line; do
    case $line in
        WAYBILL_PUBLIC_URL=) echo "$line$public_url" ;;
        DEVICE_BROKER_HOST=) echo "$line${host%%:*}" ;;
        DASHBOARD_USER=) echo "$line$user" ;;
        DASHBOARD_PASSWORD_HASH=) echo "$line'$hash'" ;;
        *_PASSWORD= | *_PASSPHRASE=) echo "$line$(secret)" ;;
        *) echo "$line" ;;
    esac
done <.env.example >.env.half-done
mv .env.half-done .env

echo "Wrote .env for $public_url. Sign-in of the dashboard, shown only now: $user $dashboard_password"
echo "Keep BACKUP_PASSPHRASE of .env on another machine too: without it no backup is ever opened."
