#!/bin/sh
# Starts Mosquitto; the first time it makes the plugin's file with the administrator the product signs in as.
set -eu
umask 077

data=${MOSQUITTO_DATA:-/mosquitto/data}
certificates=${MOSQUITTO_CERTIFICATES:-/mosquitto/certificates}
plugin=${MOSQUITTO_PLUGIN:-/usr/lib/mosquitto_dynamic_security.so}
config=${MOSQUITTO_CONFIG:-/tmp/mosquitto.conf}

[ -s "$data/users.json" ] || mosquitto_ctrl dynsec init "$data/users.json" admin "$MQTT_ADMIN_PASSWORD" >/dev/null

tls=
if [ -s "$certificates/fullchain.pem" ]; then
    tls="listener ${MOSQUITTO_TLS_PORT:-8883}\ncertfile $certificates/fullchain.pem\nkeyfile $certificates/privkey.pem"
fi
sed -e "s|^@TLS@\$|$tls|" -e "s|@PLUGIN@|$plugin|" -e "s|@DATA@|$data|" \
    -e "s|@CERTIFICATES@|$certificates|" -e "s|^listener 1883\$|listener ${MOSQUITTO_PORT:-1883}|" \
    "$(dirname "$0")/mosquitto.conf" >"$config"
exec mosquitto -c "$config"
