#!/bin/sh
# All that can be said about the code without running it. Every part runs; the status tells whether any found something.
set -u
cd "$(dirname "$0")/.."
: "${PY:=.venv/bin/python}"
status=0

part() {
    title=$1; shift
    if output=$("$@" 2>&1); then printf '  ok      %s\n' "$title"
    else printf '  FAILED  %s\n%s\n' "$title" "$output"; status=1; fi
}

production() {
    # The settings of an installation that people use, with made-up secrets; nothing is connected to.
    env TIEOUT_DEMO=no TIEOUT_DEBUG=no TIEOUT_PUBLIC_URL=https://books.example TIEOUT_ALLOWED_HOSTS=books.example \
        TIEOUT_SECRET_KEY="$($PY -c 'import secrets; print(secrets.token_urlsafe(60))')" \
        TIEOUT_VAULT_KEYS="k1:$($PY -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())')" \
        DATABASE_URL=postgresql://tieout_app@localhost/tieout DATABASE_OWNER_URL=postgresql://tieout@localhost/tieout \
        CELERY_BROKER_URL=redis://localhost:6379/0 SMTP_HOST=mail.example TIEOUT_PROXIES=1 \
        $PY manage.py check --deploy --fail-level WARNING
}

export PYTHONWARNINGS=ignore::UserWarning
test_settings="env DJANGO_SETTINGS_MODULE=config.settings_test"
part "ruff check" env $PY -m ruff check .
part "ruff format --check" env $PY -m ruff format --check .
part "mypy --strict" env $PY -m mypy
part "makemigrations --check" $test_settings $PY manage.py makemigrations --check --dry-run
part "check --deploy" production
part "architecture" env $PY -m pytest -q -p no:cacheprovider tests/test_architecture.py
part "templates" sh -c "git ls-files -co --exclude-standard 'templates/*.html' 'templates/**/*.html' | xargs env $PY -m djade --check --target-version 5.2"
exit $status
