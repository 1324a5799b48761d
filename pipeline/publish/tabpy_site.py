"""Several TabPy behind one address: folders of one build, nginx before them, systemd or compose to keep them running.

FOLDER/
    workers/1, 2, ...     a state folder for each process, all of one build
    tabpy_launcher.py     runs one of them on one address of the machine
    nginx.conf            shares calls out: least busy first, one that fails is left alone for a while
    hyperwatt-tabpy@.service, compose.yaml, Dockerfile, nginx.compose.conf
    README.txt            how to start, and how to bring a new build
"""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from string import Template

from pipeline.errors import PublishError
from pipeline.publish.tabpy_build import Deployable
from pipeline.publish.tabpy_server import LAUNCHER
from pipeline.publish.tabpy_state import STATE, ServerSettings, prepare
from tabpy_functions.served import PACKAGES

SLACK_S = 15
"""By how much the proxy waits longer than a script may take: TabPy itself then says what was too slow. [s]"""

FIRST = 97
"""The first worker's port is this much above the one address."""


def write_site(folder: Path, deployables: Sequence[Deployable], settings: ServerSettings, *, workers: int = 2) -> None:
    """Write the folder; an earlier site there is replaced.

    Parameters
    ----------
    folder : Path
    deployables : sequence of Deployable
        The build that every worker gets.
    settings : ServerSettings
        For all of them; its port is that of the one address, and the workers take ports from 97 above it on.
    workers : int, default 2
        TabPy processes; as many as cores.

    Raises
    ------
    PublishError
        When the folder holds something else: nothing of it is touched.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "workers" / "1" / STATE).exists():
        raise PublishError(f"{folder}: not empty, and no site of TabPy -> name another folder")
    shutil.rmtree(folder / "workers", ignore_errors=True)
    ports = [settings.port + FIRST + number for number in range(workers)]
    for number, port in enumerate(ports, start=1):
        prepare(folder / "workers" / str(number), deployables, replace(settings, port=port))
    for kind in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (folder / "nginx-temp" / kind).mkdir(parents=True, exist_ok=True)
    shutil.copy(LAUNCHER, folder / LAUNCHER.name)
    for name, text in _files(folder, ports, settings).items():
        (folder / name).write_text(text, encoding="utf-8")


def _files(folder: Path, ports: Sequence[int], settings: ServerSettings) -> dict[str, str]:
    numbers = range(1, len(ports) + 1)
    words = {
        "folder": folder.resolve().as_posix(),
        "python": sys.executable,
        "minor": "{}.{}".format(*sys.version_info),
        "port": settings.port,
        "workers": len(ports),
        "wait": int(settings.evaluate_seconds) + SLACK_S,
        "request_mb": settings.request_mb,
        "packages": " ".join(f"{name}=={metadata.version(name)}" for name in ("tabpy", *PACKAGES)),
        "imports": IMPORTS,
        "services": "".join(SERVICE.substitute(number=number) for number in numbers),
        "needed": ", ".join(f"tabpy{number}" for number in numbers),
        "units": " ".join(f"hyperwatt-tabpy@{number}" for number in numbers),
    }
    here = "\n".join(f"        server 127.0.0.1:{port} {PATIENCE};" for port in ports)
    inside = "\n".join(f"        server tabpy{number}:9004 {PATIENCE};" for number in numbers)
    return {
        "nginx.conf": NGINX.substitute(words, servers=here, listen=f"127.0.0.1:{settings.port}"),
        "nginx.compose.conf": NGINX.substitute(words, servers=inside, listen="9004"),
        "hyperwatt-tabpy@.service": UNIT.substitute(words),
        "compose.yaml": COMPOSE.substitute(words),
        "Dockerfile": DOCKERFILE.substitute(words),
        "README.txt": README.substitute(words),
    }


IMPORTS = "cmdstanpy holidays sklearn.ensemble statsmodels.tsa.statespace.sarimax"
"""What the models import when they are called first; a worker that is started does so before."""

PATIENCE = "max_fails=2 fail_timeout=10s"

NGINX = Template("""# Start: nginx -p $folder -c nginx.conf      Stop: the same with -s stop
# TLS: `listen 443 ssl;` with ssl_certificate and ssl_certificate_key below; Tableau Cloud wants a public authority.
pid nginx.pid;
error_log nginx.err warn;
events { worker_connections 1024; }
http {
    access_log off;
    # All that nginx writes stays in this folder.
    client_body_temp_path nginx-temp/body;
    proxy_temp_path nginx-temp/proxy;
    fastcgi_temp_path nginx-temp/fastcgi;
    uwsgi_temp_path nginx-temp/uwsgi;
    scgi_temp_path nginx-temp/scgi;

    upstream tabpy {
        # A TabPy answers one call at a time: the next goes to the one with the fewest.
        least_conn;
$servers
        keepalive 16;
    }
    server {
        listen $listen;
        client_max_body_size ${request_mb}m;
        location / {
            proxy_pass http://tabpy;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $$host;
            proxy_connect_timeout 5s;
            # Longer than a script may take: TabPy then says itself what was too slow.
            proxy_read_timeout ${wait}s;
            proxy_send_timeout ${wait}s;
            # A worker that is down is left out; a call that one has begun is not begun again elsewhere.
            proxy_next_upstream error timeout http_502 http_503;
            proxy_next_upstream_timeout 10s;
        }
    }
}
""")

UNIT = Template("""# Copy to the systemd units, then: systemctl enable --now $units
[Unit]
Description=TabPy %i with the functions of hyperwatt
After=network.target

[Service]
ExecStart="$python" -P "$folder/tabpy_launcher.py" "$folder/workers/%i/tabpy.conf" --import $imports
WorkingDirectory=$folder/workers/%i
Restart=always
RestartSec=2
# Fits use one core each: the other cores have workers of their own.
Environment=OMP_NUM_THREADS=1
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=strict
ReadWritePaths=$folder/workers/%i

[Install]
WantedBy=multi-user.target
""")

SERVICE = Template("""  tabpy$number:
    build: .
    restart: unless-stopped
    environment: {OMP_NUM_THREADS: "1", WORKER: "$number"}
    volumes: ["./workers/$number:/site/workers/$number"]
""")

COMPOSE = Template("""# docker compose up --build
services:
${services}  nginx:
    image: nginx:stable
    restart: unless-stopped
    command: ["nginx", "-p", "/site", "-c", "nginx.conf", "-g", "daemon off;"]
    depends_on: [$needed]
    ports: ["127.0.0.1:$port:9004"]
    volumes: ["./nginx.compose.conf:/site/nginx.conf:ro"]
    tmpfs: ["/site/nginx-temp"]
""")

DOCKERFILE = Template("""FROM python:$minor-slim
RUN pip install --no-cache-dir $packages
COPY tabpy_launcher.py /site/
# The paths in tabpy.conf are those of the machine that wrote it.
CMD sed "s,$folder,/site,g" "/site/workers/$$WORKER/tabpy.conf" > /tmp/tabpy.conf \\
    && cd "/site/workers/$$WORKER" && exec python -P /site/tabpy_launcher.py /tmp/tabpy.conf \\
        --host 0.0.0.0 --port 9004 --import $imports
""")

README = Template("""\
$workers TabPy behind one address, http://127.0.0.1:$port: all of one build of hyperwatt's functions.

They need Python $minor (the bytecode of the functions is that of one version) and:
    pip install $packages

On this machine
    systemd   copy hyperwatt-tabpy@.service to the units; systemctl enable --now $units
    nginx     nginx -p $folder -c nginx.conf
Or in containers
    docker compose up --build

Then: hyperwatt tabpy doctor http://127.0.0.1:$port

A new build: never deploy to the one address, for each worker keeps functions of its own. Write the site anew, then
start the workers again one after the other; nginx leaves out the one that is down.
""")
