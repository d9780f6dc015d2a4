"""Vectors in the place of codes, as the kernels read them."""

import ctypes

from skrnn._kernels.fit import check_tensor
from skrnn._kernels.library import addresses
from skrnn._kernels.structs import CodesOfInput


def codes_of(form, gradients, dtype):
    """Say where tables of vectors are.

    Parameters
    ----------
    form : CodesForm
        As `skrnn._network.standard.CodesForm` has them.
    gradients : list of Tensor or None
        Of each given feature, where the gradient of its table shall go; empty where no
        gradients are wanted.
    dtype : torch.dtype
        Of the tables.

    Returns
    -------
    CodesOfInput
        It keeps alive what it points at, but for the tensors.

    Raises
    ------
    ValueError
        If one of them is not what the kernels can read.
    """
    shapes = list(zip(form.n_codes, form.sizes, strict=True))
    for table, shape in zip(form.tables, shapes, strict=True):
        if table is not None:
            check_tensor("A table", table, shape, dtype)
    for gradient, shape in zip(gradients, shapes, strict=bool(gradients)):
        if gradient is not None:
            check_tensor("A gradient", gradient, shape, dtype)
    integers = ctypes.c_int64 * len(shapes)
    arrays = {
        "n_codes": integers(*form.n_codes),
        "sizes": integers(*form.sizes),
        "tables": addresses([_place(table) for table in form.tables]),
    }
    if gradients:
        arrays["gradients"] = addresses([_place(gradient) for gradient in gradients])
    codes = CodesOfInput(form.segment, len(shapes))
    for name, array in arrays.items():
        setattr(codes, name, ctypes.addressof(array))
    codes.kept = arrays
    return codes


def _place(tensor):
    return None if tensor is None else tensor.data_ptr()
