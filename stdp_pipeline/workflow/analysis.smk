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
    threads: 1
    resources:
        mem_mb=JOBS.counts_memory("embed"),
        runtime=20,
    params:
        spec=JOBS.spec("embed"),
        code=JOBS.code("embed"),
        inputs=JOBS.inputs("embed"),
        out=subpath(output.embedding, parent=True),
    shell:
        "stdp embed --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule portray:
    input:
        model=JOBS.parent("portray", "train", "model.json"),
        network=JOBS.parent("portray", "train"),
        levels=JOBS.parent("portray", "encode"),
    output:
        network="results/portray/{id}/network.svg",
        response="results/portray/{id}/lif_response.svg",
        curves="results/portray/{id}/stdp_curves.svg",
        presentation="results/portray/{id}/presentation.png",
        numbers="results/portray/{id}/model_figures.json",
        provenance="results/portray/{id}/provenance.json",
    log:
        "results/logs/portray/{id}.log",
    benchmark:
        "results/benchmarks/portray/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("portray"),
        runtime=20,
    params:
        spec=JOBS.spec("portray"),
        code=JOBS.code("portray"),
        inputs=JOBS.inputs("portray"),
        out=subpath(output.numbers, parent=True),
    shell:
        "stdp portray --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule experiment:
    input:
        JOBS.report_inputs(),
    output:
        page=report(
            f"results/experiments/{PLAN.name}/report.html",
            category="Report",
            labels={"page": "the whole report"},
        ),
        summary=report(
            f"results/experiments/{PLAN.name}/summary.tsv",
            category="Report",
            labels={"page": "summary of all runs"},
        ),
        means=report(
            f"results/experiments/{PLAN.name}/means.tsv",
            category="Report",
            labels={"page": "means over the seeds"},
        ),
        metrics=f"results/experiments/{PLAN.name}/metrics.json",
        provenance=f"results/experiments/{PLAN.name}/provenance.json",
        figures=[
            report(
                f"results/experiments/{PLAN.name}/figures/{file}",
                category=category,
                labels={"figure": title},
            )
            for file, category, title in JOBS.figures()
        ],
    log:
        f"results/logs/report/{PLAN.name}.log",
    benchmark:
        f"results/benchmarks/report/{PLAN.name}.tsv"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        spec=JOBS.report_job().spec_json,
        code=code_digest("report", {}),
        out=subpath(output.page, parent=True),
    shell:
        "stdp report --spec {params.spec:q} --code {params.code} --output {params.out:q} 2>&1 | tee {log:q}"
