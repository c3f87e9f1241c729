"""Writes every form in which torch.save leaves a state dict, and some that must be refused, as small files beside this script.

Made with torch 2.11: python tests/golden/pickle/make.py. expected.safetensors holds the tensors that most of them carry.
"""

import io
import os
import pathlib
import struct
import zipfile

import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(here, name)


def tensors():
    base = torch.arange(24, dtype=torch.float32)
    return {
        "plain": base.reshape(4, 6) / 8,
        "transposed": (base.reshape(4, 6) / 8).t(),
        "window": base.reshape(4, 6)[1:3, 2:5],
        "shared": base[7:],
        "scalar": torch.tensor(2.5),
        "empty": torch.empty(0, 3),
    }


def dtypes():
    values = torch.tensor([0, 1, 2, 3, 5, 8])
    names = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool uint16 uint32 uint64 float8_e4m3fn float8_e5m2"
    return {name: values.to(getattr(torch, name)) for name in names.split()}


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = torch.nn.Linear(3, 2)
        self.norm = torch.nn.LayerNorm(2)
        with torch.no_grad():
            self.proj.weight.copy_(torch.arange(6.0).reshape(2, 3))
            self.proj.bias.copy_(torch.tensor([-1.0, 1.0]))


def repack(source, target, change):
    """Copies a zip of torch.save, with `change(name, bytes) -> bytes or None` applied to each member."""
    with zipfile.ZipFile(path(source)) as old, zipfile.ZipFile(path(target), "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(zipfile.ZipInfo(name), data)


def zip64(source, target):
    """The same members with all sizes and places in 64-bit fields, as archives of more than 4 GB have them."""
    full, out, directory = 0xFFFFFFFF, io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(path(source)) as old:
        for name in old.namelist():
            data, at, raw = old.read(name), out.tell(), name.encode()
            sizes = struct.pack("<HHQQ", 1, 16, len(data), len(data))
            out.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 0, 0, full, full, len(raw), len(sizes)) + raw + sizes + data)
            places = struct.pack("<HHQQQ", 1, 24, len(data), len(data), at)
            directory.write(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0, 0, full, full, len(raw), len(places), 0, 0, 0, 0, full))
            directory.write(raw + places)
        count, begin, size = len(old.namelist()), out.tell(), directory.tell()
    out.write(directory.getvalue())
    out.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, begin))
    out.write(struct.pack("<IIQI", 0x07064B50, 0, begin + size, 1))
    out.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, full, full, 0))
    pathlib.Path(path(target)).write_bytes(out.getvalue())


class Evil:
    def __reduce__(self):
        return (os.system, ("touch /tmp/smooth-was-here",))


def main():
    save_file({k: v.contiguous().clone() for k, v in tensors().items()}, path("expected.safetensors"))
    save_file(dtypes(), path("dtypes.safetensors"))
    save_file({k: v.clone() for k, v in Small().state_dict().items()}, path("module.safetensors"))
    torch.save(tensors(), path("dict.pth"))
    torch.save(tensors(), path("legacy.pth"), _use_new_zipfile_serialization=False)
    for protocol in (4, 5):
        torch.save(tensors(), path(f"protocol{protocol}.pth"), pickle_protocol=protocol)
    zip64("dict.pth", "zip64.pth")
    torch.save(dtypes(), path("dtypes.pth"))
    old = {k: v for k, v in dtypes().items() if not k.startswith(("uint16", "uint32", "uint64", "float8"))}
    torch.save(old, path("dtypes_legacy.pth"), _use_new_zipfile_serialization=False)
    module = Small()
    torch.save(module.state_dict(), path("module.pth"))
    torch.save(module.state_dict(), path("module_legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save(dict(module.named_parameters()), path("parameters.pth"))
    module.proj.weight.label = 3  # an attribute: _rebuild_parameter_with_state
    torch.save(dict(module.named_parameters()), path("parameters_with_state.pth"))
    labelled = torch.ones(2)
    labelled.label = 3  # an attribute: _rebuild_from_type_v2
    torch.save({"labelled": labelled}, path("from_type.pth"))
    torch.save({"state_dict": Small().state_dict(), "step": 12, "rate": 0.5, "note": b"\x01"}, path("nested.pth"))
    torch.save({"state_dict": Small().state_dict(), "model": Small().state_dict()}, path("two.pth"))
    torch.save({"epoch": 1}, path("none.pth"))

    # To be refused.
    torch.save({"x": Evil()}, path("evil.pth"))
    torch.save(Small(), path("whole_module.pth"))
    repack("dict.pth", "big_endian.pth", lambda name, data: b"big" if name.endswith("byteorder") else data)
    repack("dict.pth", "no_storage.pth", lambda name, data: None if name.endswith("data/0") else data)
    with zipfile.ZipFile(path("dict.pth")) as old, zipfile.ZipFile(path("compressed.pth"), "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))


main()
