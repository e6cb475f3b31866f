"""The check of a package refuses what Lambda cannot run; the video layer is small, always the same, and decodes."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import PACKAGE, ROOT

APPLICATION = {"app.py": b"", "chalicelib/__init__.py": b"", "chalice/app.py": b""}
ELF = b"\x7fELF and so on"
MIB = 1024 * 1024
STILL_OF_A_VIDEO = """
import io, sys
sys.path[:0] = sys.argv[1:]
import av, PIL
from fractions import Fraction
film = io.BytesIO()
with av.open(film, "w", format="mp4") as output:
    stream = output.add_stream("libx264", rate=10, width=320, height=240, pix_fmt="yuv420p")
    for number in range(10):
        frame = av.VideoFrame(320, 240, "rgb24")
        frame.planes[0].update(bytes((200, 40, 40)) * (frame.planes[0].buffer_size // 3))
        frame.pts, frame.time_base = number, Fraction(1, 10)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))
film.seek(0)
with av.open(film) as container:
    still = next(container.decode(video=0)).to_image()
still.thumbnail((160, 160))
red, green, blue = still.getpixel((80, 60))
assert abs(red - 200) < 12 and abs(green - 40) < 12 and abs(blue - 40) < 12, (red, green, blue)
print(still.size, av.__file__, PIL.__file__)
"""


def wheel(tag: str, files: dict[str, bytes], below: str = "") -> dict[str, bytes]:
    """Return the files of an unpacked wheel of one tag, with a true RECORD."""
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(content).digest()) for name, content in files.items()}
    record = "".join(f"{name},sha256={digest.decode().rstrip('=')},1\n" for name, digest in digests.items())
    record += "made-1.dist-info/WHEEL,,\nmade-1.dist-info/RECORD,,\n"
    all_files = {
        **files,
        "made-1.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode(),
        "made-1.dist-info/RECORD": record.encode(),
    }
    return {f"{below}{name}": content for name, content in all_files.items()}


def write_zip(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def check(folder: Path, code: dict[str, bytes], layer: dict[str, bytes] | None = None, stored: bool = False) -> str:
    """Return what the check says against a package of two zips; empty if nothing."""
    functions = {"Runtime": "python3.13", "CodeUri": "./deployment.zip"}
    layers = {"ContentUri": "./layer.zip", "CompatibleRuntimes": ["python3.12", "python3.13"]}
    resources = {
        "Function": {"Type": "AWS::Serverless::Function", "Properties": functions},
        "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": layers},
    }
    (folder / "sam.json").write_text(json.dumps({"Resources": resources}))
    write_zip(folder / "deployment.zip", APPLICATION | code, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
    write_zip(folder / "layer.zip", layer or {})
    done = subprocess.run([sys.executable, ROOT / "tools" / "check_package.py", folder], capture_output=True, text=True)
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stderr


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param("cp313-cp313-manylinux_2_34_x86_64", id="of the newest glibc"),
        pytest.param("cp313-cp313-manylinux_2_17_x86_64.manylinux_2_39_x86_64", id="of several glibc versions"),
        pytest.param("py3-none-manylinux2014_x86_64", id="of any Python"),
        pytest.param("cp311-abi3-manylinux_2_28_x86_64", id="of the stable interface of an older Python"),
    ],
)
def test_a_compiled_file_of_a_wheel_for_lambda_may_be_there(tag: str, tmp_path: Path):
    assert check(tmp_path, wheel(tag, {"made/fast.so": ELF})) == ""


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param("cp313-cp313-linux_x86_64", id="built on this machine"),
        pytest.param("cp313-cp313-manylinux_2_35_x86_64", id="of a newer glibc"),
        pytest.param("cp313-cp313-musllinux_1_2_x86_64", id="of another C library"),
        pytest.param("cp313-cp313-manylinux_2_28_aarch64", id="of another processor"),
        pytest.param("cp312-cp312-manylinux_2_28_x86_64", id="of another Python"),
        pytest.param("cp314-abi3-manylinux_2_28_x86_64", id="of a newer Python's stable interface"),
        pytest.param("py3-none-any", id="that claims to hold nothing compiled"),
    ],
)
def test_a_compiled_file_of_another_wheel_is_refused(tag: str, tmp_path: Path):
    assert "made/fast.so is of a wheel for" in check(tmp_path, wheel(tag, {"made/fast.so": ELF}))


@pytest.mark.parametrize("name", ["made/fast.so", "made.libs/libfast.so.1.2", "made/program"])
def test_a_compiled_file_that_no_wheel_lists_is_refused(name: str, tmp_path: Path):
    assert f"{name} is compiled, and no wheel" in check(tmp_path, {name: ELF})


def test_a_compiled_file_that_is_not_the_wheels_own_is_refused(tmp_path: Path):
    files = wheel("cp313-cp313-manylinux_2_28_x86_64", {"made/fast.so": ELF})
    assert "made/fast.so is compiled, and no wheel" in check(tmp_path, files | {"made/fast.so": ELF + b"!"})


def test_a_layer_must_fit_each_runtime_that_it_names(tmp_path: Path):
    layer = wheel("cp313-cp313-manylinux_2_28_x86_64", {"made/fast.so": ELF}, below="python/")
    said = check(tmp_path, {}, layer)
    assert "which python3.12 cannot load" in said
    assert "python3.13" not in said


def test_what_a_layer_has_elsewhere_than_lambda_looks_is_refused(tmp_path: Path):
    assert "made/it.py is where Lambda does not look" in check(tmp_path, {}, {"made/it.py": b"", "python/it.py": b""})


def test_bytecode_is_refused(tmp_path: Path):
    assert "it.pyc is bytecode" in check(tmp_path, {"it.pyc": b""})


def test_code_of_more_than_15_mib_is_refused(tmp_path: Path):
    assert check(tmp_path, {"big.bin": bytes(14 * MIB)}, stored=True) == ""
    assert f"more than {15 * MIB}" in check(tmp_path, {"big.bin": bytes(15 * MIB)}, stored=True)


def test_code_and_layer_of_more_than_250_mib_together_are_refused(tmp_path: Path):
    half = bytes(125 * MIB)
    assert f"more than {250 * MIB}" in check(tmp_path, {"big.bin": half}, {"python/big.bin": half + b"!"})


def test_the_video_layer_makes_a_still_with_nothing_else_but_the_codes_pillow(tmp_path: Path):
    for name in ("deployment.zip", "layer-video.zip"):
        with zipfile.ZipFile(PACKAGE / name) as archive:
            archive.extractall(tmp_path / name)
    folders = [str(tmp_path / "deployment.zip"), str(tmp_path / "layer-video.zip" / "python")]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", STILL_OF_A_VIDEO, *folders], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["(160,", "120)", f"{folders[1]}/av/__init__.py", f"{folders[0]}/PIL/__init__.py"], (
        done.stderr
    )


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return the path of a wheel with files for building and files for run time."""
    files = dict.fromkeys(["made/__init__.py", "made/fast.pyi", "made/fast.pxd", "made/fast.h"], b"") | {
        "made/it.so": ELF
    }
    metadata = {"made-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: made\nVersion: 1\n"}
    path = tmp_path / "made-1-py3-none-manylinux2014_x86_64.whl"
    write_zip(path, wheel("py3-none-manylinux2014_x86_64", files | metadata))
    return path


def make_layer(wheel: Path, digest: str) -> Path:
    """Return the layer that is made of a wheel, which must have a SHA-256, without a network."""
    requirements, layer = wheel.with_name("requirements.txt"), wheel.with_name("new") / "layer.zip"
    requirements.write_text(f"made==1 --hash=sha256:{digest}\n")
    command = [sys.executable, str(ROOT / "tools" / "make_layer.py"), str(requirements), str(layer)]
    subprocess.run(command, env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}, check=True)
    return layer


def test_the_same_wheel_makes_the_same_layer_of_files_for_run_time_only(built: Path):
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    layer = make_layer(built, digest)
    first = layer.read_bytes()
    assert make_layer(built, digest).read_bytes() == first
    with zipfile.ZipFile(layer) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
        written = {(entry.date_time, entry.external_attr >> 16 & 0o777) for entry in archive.infolist()}
    assert written == {((1980, 1, 1, 0, 0, 0), 0o644)}
    assert [name for name in inside if "dist-info" not in name] == ["python/made/__init__.py", "python/made/it.so"]
    record = inside["python/made-1.dist-info/RECORD"].decode().splitlines()
    assert sorted(f"python/{line.split(',')[0]}" for line in record) == list(inside)
    assert check(built.parent, {}, inside) == ""


def test_a_wheel_with_another_hash_makes_no_layer(built: Path, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(subprocess.CalledProcessError):
        make_layer(built, "0" * 64)
    assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err
    assert not (built.parent / "new").exists()
