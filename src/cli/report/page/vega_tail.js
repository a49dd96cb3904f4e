const transforms = modules.get("vega-dataflow").transforms;
for (const name of ["vega-encode", "vega-transforms", "vega-view-transforms"]) Object.assign(transforms, modules.get(name));
return Object.assign({}, ...modules.values());
})();
