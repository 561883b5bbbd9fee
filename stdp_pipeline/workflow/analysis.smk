# Maps of what was learned, and the report.


rule embed:
    input:
        responses=JOBS.parent("embed", "responses"),
        data=JOBS.parent("embed", "data"),
    output:
        embedding="results/embed/{id}/embedding.npz",
        info="results/embed/{id}/info.json",
        provenance="results/embed/{id}/provenance.json",
    log:
        "results/logs/embed/{id}.log",
    benchmark:
        "results/benchmarks/embed/{id}.tsv"
    params:
        spec=JOBS.spec("embed"),
        code=JOBS.code("embed"),
        inputs=JOBS.inputs("embed"),
        out=subpath(output.embedding, parent=True),
    threads: 1
    resources:
        mem_mb=1800,
        runtime=20,
    shell:
        "stdp embed --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " &> {log:q}"
