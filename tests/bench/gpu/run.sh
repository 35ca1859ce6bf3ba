#!/usr/bin/env bash
# Measure training and evaluation on one GPU: at most 8 minutes, no network.
#
#   tests/bench/gpu/run.sh wheels [3.12]   with a network: fetch the wheels for that Python (30 MB)
#   tests/bench/gpu/run.sh                 on the GPU machine, whose Python has PyTorch, pyarrow and pandas
#   tests/bench/gpu/run.sh --tiny          a tiny model, on any machine
set -euo pipefail
cd "$(dirname "$0")/../../.."
wheels=tests/bench/gpu/wheels
# What the measurement imports, and what that needs, without large packages that are there.
packages=(accelerate annotated_types anyio attrs certifi charset_normalizer click datasets dill filelock
  fsspec h11 httpcore2 httpx2 huggingface_hub idna iniconfig Jinja2 MarkupSafe multiprocess packaging
  peft pluggy pydantic pydantic_core Pygments pytest python_dateutil PyYAML regex requests rich
  safetensors six tokenizers tqdm transformers trl truststore typer typing_extensions
  typing_inspection urllib3 xxhash)

if [ "${1:-}" = wheels ]; then
  python=${2:-3.12}
  rm -rf "$wheels" && mkdir "$wheels" && echo '*' > "$wheels/.gitignore"
  platforms=()
  for glibc in 2014 1 _2_17 _2_26 _2_27 _2_28; do platforms+=(--platform "manylinux${glibc}_x86_64"); done
  exec python3 -m pip download --quiet --no-deps --only-binary=:all: --constraint constraints.txt \
    --implementation cp --python-version "$python" "${platforms[@]}" --dest "$wheels" "${packages[@]}"
fi

if compgen -G "$wheels/*.whl" > /dev/null; then
  site=$(mktemp -d)
  trap 'rm -rf "$site"' EXIT
  python3 -m pip install --quiet --no-index --no-deps --no-compile --target "$site" "$wheels"/*.whl
  export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
fi
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONUNBUFFERED=1
timeout 480 python3 -W ignore -m tests.bench.gpu.measure "$@"
