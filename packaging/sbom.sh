#!/usr/bin/env bash
# What a wheel installs, with versions, hashes and licences, as CycloneDX: packaging/sbom.sh WHEEL FILE
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in user tool; do python3 -m venv "$work/$name"; done
"$work/user/bin/pip" install --quiet "$1"
"$work/user/bin/pip" uninstall --quiet --yes setuptools pip
"$work/tool/bin/pip" install --quiet "cyclonedx-bom>=7"
"$work/tool/bin/cyclonedx-py" environment --gather-license-texts --output-reproducible \
  --output-file "$2" "$work/user/bin/python"
"$work/tool/bin/python" - "$2" << 'EOF'
import json
import sys

for component in json.load(open(sys.argv[1], encoding="utf-8"))["components"]:
    found = [entry.get("expression") or entry.get("license", {}).get("id")
             or entry.get("license", {}).get("name") for entry in component.get("licenses", ())]
    names = sorted({name for name in found if name and not name.startswith("declared license of")})
    print(f"{component['name']:<28}{component['version']:<14}{', '.join(names) or 'not said'}")
EOF
