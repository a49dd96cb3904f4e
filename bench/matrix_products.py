"""One product Z C' of a batch in each precision that PyTorch has: what every solver is a multiple of."""


def torch_products(arrays, atoms, embeddings):
    """[(name, function, what is wrong with it or None)]: operands are converted beforehand, and not timed."""
    torch = arrays.torch
    a, z = arrays.array(atoms, "fp32"), arrays.array(embeddings, "fp32")

    def product_of(dtype, precision):
        left, right = z.to(dtype), a.to(dtype).T
        def run():
            arrays.use_precision(precision)
            return left @ right
        return run

    def int8_product():
        # One scale for all: what is timed does not depend on it.
        left, right = ((one * 127 / one.abs().max()).round().to(torch.int8) for one in (z, a))
        right = right.T
        return lambda: torch._int_mm(left, right)

    makers = {"BF16": lambda: product_of(torch.bfloat16, "fp32"), "FP16": lambda: product_of(torch.float16, "fp32"),
              "FP32": lambda: product_of(torch.float32, "fp32"), "INT8": int8_product}
    if "tf32" in arrays.precisions:
        makers["TF32"] = lambda: product_of(torch.float32, "tf32")
    products = []
    for name, make in makers.items():
        try:
            run = make()
            run()
            products.append((name, run, None))
        except RuntimeError as error:  # a device or a shape that the product is not made for
            products.append((name, None, str(error).splitlines()[0]))
    return products


def numpy_products(arrays, atoms, embeddings):
    a, z = arrays.array(atoms, "fp32"), arrays.array(embeddings, "fp32")
    return [("FP32", lambda: z @ a.T, None)]


def products_of(arrays, atoms, embeddings):
    make = torch_products if arrays.name == "torch" else numpy_products
    return make(arrays, atoms, embeddings)
